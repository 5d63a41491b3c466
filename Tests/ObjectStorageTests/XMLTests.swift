// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ObjectStorage

@Suite("XML as S3 uses it")
struct XMLTests {
    private func parse(_ text: String) throws(XMLError) -> XMLElement {
        try XMLReader.parse(Array(text.utf8))
    }

    @Test("a request with declaration, namespace, comments and references")
    func reads() throws {
        let root = try self.parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- objects -->
            <s3:Delete xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/'>
              <Object><Key>a&amp;b &lt;&gt;&quot;&apos; &#233;&#x1F600;</Key><VersionId/></Object>
              <Object ><Key><![CDATA[<raw>&amp;]]></Key ><!-- - --></Object>
              <Quiet>true</Quiet>
            </s3:Delete>

            """
        )
        #expect(root.name == "Delete")
        #expect(
            root.all("Object").compactMap { $0["Key"]?.text } == ["a&b <>\"' é😀", "<raw>&amp;"]
        )
        #expect(root["Object"]?["VersionId"]?.text == "")
        #expect(root["Quiet"]?.text == "true")
        #expect(root["Missing"] == nil)
    }

    @Test("a byte order mark is skipped")
    func byteOrderMark() throws {
        #expect(try XMLReader.parse([0xEF, 0xBB, 0xBF] + Array("<a/>".utf8)).name == "a")
    }

    @Test("document types are refused wherever they stand")
    func documentTypes() {
        for text in [
            "<!DOCTYPE a><a/>", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<a><!DOCTYPE b></a>", "<a/><!DOCTYPE a>",
        ] {
            #expect(throws: XMLError.documentType) { try self.parse(text) }
        }
    }

    @Test(
        "what is not well-formed",
        arguments: [
            "", " ", "text", "<", "<a", "<a>", "<a></b>", "<a/><b/>", "<a/>text", "</a>",
            "<a><b></a></b>", "<a>&unknown;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>",
            "<a>&#x110000;</a>", "<a>&#+65;</a>", "<a>&#;</a>", "<a>&amp</a>", "<a b></a>",
            "<a b=c></a>", "<a b='c></a>", "<a><!-- </a>", "<a><![CDATA[</a>", "<a><?php ?></a>",
            "< a/>", "<a<b/>", "<a></a",
        ]
    )
    func malformed(text: String) {
        #expect {
            try self.parse(text)
        } throws: { error in
            if case .malformed? = error as? XMLError { true } else { false }
        }
    }

    @Test("every proper prefix of a document is malformed")
    func prefixes() throws {
        let document = Array("<?xml version='1.0'?><a x='1'><b>t&amp;</b><!--c--><c/></a>".utf8)
        _ = try XMLReader.parse(document)
        for count in document.indices {
            #expect(throws: XMLError.self) { try XMLReader.parse(Array(document[..<count])) }
        }
    }

    @Test("text that is not UTF-8 is refused")
    func notUTF8() {
        #expect(throws: XMLError.self) {
            try XMLReader.parse(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8))
        }
    }

    @Test("depth and count are bounded: at the limit and one past it")
    func limits() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        _ = try self.parse(nested(XMLReader.depthMax))
        #expect(throws: XMLError.tooComplex) { try self.parse(nested(XMLReader.depthMax + 1)) }
        func wide(_ count: Int) -> String {
            "<a>" + String(repeating: "<b/>", count: count) + "</a>"
        }
        _ = try self.parse(wide(XMLReader.elementsMax - 1))
        #expect(throws: XMLError.tooComplex) { try self.parse(wide(XMLReader.elementsMax)) }
    }

    @Test("what is written is read back")
    func roundTrip() throws {
        let text = "a<b>&\"'\r\n\t é😀 \u{1}"
        let document = XMLWriter.document("Root") { xml in
            xml.element("Text", text)
            xml.element("Group") { $0.element("Number", 42) }
        }
        let root = try XMLReader.parse(document)
        #expect(root["Text"]?.text == text)
        #expect(root["Group"]?["Number"]?.text == "42")
    }

    @Test("documents carry the declaration and S3's namespace")
    func form() {
        let document = XMLWriter.document("Root") { $0.element("A", "b") }
        #expect(
            String(decoding: document, as: UTF8.self)
                == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                + "<Root xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><A>b</A></Root>"
        )
    }
}
