// SPDX-License-Identifier: Apache-2.0

import CLinux
import EventLoop
import Glibc
import Testing

@testable import exam_generator

@Suite("Programs that are run under limits")
struct ChildProcessTests {
    private func run(
        _ script: String,
        input: String = "",
        _ change: (inout ChildCommand) -> Void = { _ in }
    ) async throws -> ChildOutcome {
        let file = try Fixtures.scratchFile(Array(input.utf8))
        lseek(file.descriptor, 0, SEEK_SET)
        var command = ChildCommand(
            path: "/bin/sh",
            arguments: ["-c", script],
            environment: ["NAME=value"],
            standardInput: file.descriptor,
            memoryBytesMax: 0,
            processorSecondsMax: 0,
            wallTimeMax: .seconds(60),
            outputBytesMax: 1_000_000
        )
        change(&command)
        let outcome = try await ChildProcess.run(command, on: Fixtures.loop)
        return withExtendedLifetime(file) { outcome }
    }

    @Test("hand over what they wrote, and how they ended")
    func output() async throws {
        let outcome = try await self.run("cat; echo $NAME; echo oops >&2; exit 7", input: "in\n")
        #expect(String(decoding: outcome.output, as: UTF8.self) == "in\nvalue\n")
        #expect(String(decoding: outcome.diagnostics, as: UTF8.self) == "oops\n")
        #expect(outcome.ending == .exited(7))
    }

    @Test("get a clean environment")
    func environment() async throws {
        let outcome = try await self.run("/usr/bin/env")
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.filter { !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=") } == ["NAME=value"])
    }

    @Test("that write more than a pipe holds are read to the end")
    func longOutput() async throws {
        let outcome = try await self.run("head -c 900000 /dev/zero")
        #expect(outcome.output.count == 900_000)
        #expect(outcome.ending == .exited(0))
    }

    @Test("that write too much are ended, and the beginning is kept")
    func outputLimit() async throws {
        let endless = try await self.run("echo start; cat /dev/zero") { $0.outputBytesMax = 1000 }
        #expect(endless.ending == .outputFull)
        #expect(endless.output.count == 1000)
        #expect(endless.output.starts(with: Array("start\n".utf8)))
        let exact = try await self.run("head -c 1000 /dev/zero") { $0.outputBytesMax = 1000 }
        #expect(exact.ending == .exited(0))
        let diagnostics = try await self.run("head -c 90000 /dev/zero >&2") {
            $0.diagnosticsBytesMax = 100
        }
        #expect(diagnostics.ending == .exited(0))
        #expect(diagnostics.diagnostics.count == 100)
    }

    @Test("that never end are ended, and so are their children")
    func wallTime() async throws {
        let outcome = try await self.run("tail -f /dev/null & echo $!; wait") {
            $0.wallTimeMax = .milliseconds(200)
        }
        #expect(outcome.ending == .timedOut)
        let child = try #require(Int32(String(decoding: outcome.output.dropLast(), as: UTF8.self)))
        // Killed with its group: either gone already, or about to be.
        let descriptor = swiftlet_pidfd_open(child)
        if descriptor >= 0 {
            var ended = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            #expect(poll(&ended, 1, 10_000) == 1)
            close(descriptor)
        }
    }

    @Test("that use up their processor time are ended by the kernel")
    func processorTime() async throws {
        let outcome = try await self.run("while :; do :; done") { $0.processorSecondsMax = 1 }
        #expect([.signaled(SIGXCPU), .signaled(SIGKILL)].contains(outcome.ending))
    }

    @Test("cannot write files")
    func files() async throws {
        let path = "/tmp/exam-generator-test-\(getpid())"
        _ = try await self.run("printf 'more than a byte' > \(path)")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_size <= 1)
        unlink(path)
    }

    @Test("end with the task that waits for them")
    func cancellation() async throws {
        let task = Task { try await self.run("tail -f /dev/null") }
        task.cancel()
        #expect(try await task.value.ending == .cancelled)
    }

    @Test("that do not exist are reported")
    func missing() async throws {
        let error = try await #require(throws: SystemError.self) {
            try await self.run("") { $0.path = "/nonexistent/program" }
        }
        #expect(error.code == ENOENT)
        #expect(error.description.contains("/nonexistent/program"))
    }
}

@Suite("Files that leave nothing behind")
struct ScratchFileTests {
    @Test("have no name, a length and a beginning")
    func file() throws {
        let file = try Fixtures.scratchFile(Array("hello".utf8))
        #expect(file.length == 5)
        #expect(file.prefix(4) == Array("hell".utf8))
        #expect(file.prefix(100) == Array("hello".utf8))
        var status = stat()
        #expect(fstat(file.descriptor, &status) == 0)
        #expect(status.st_nlink == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test("need a directory")
    func missing() throws {
        let error = try #require(throws: SystemError.self) { try ScratchFile(in: "/nonexistent") }
        #expect(error.description.contains("/nonexistent"))
    }
}

@Suite("The text of PDFs")
struct PDFTextTests {
    @Test("comes with form feeds between the pages")
    func pages() async throws {
        let file = try Fixtures.scratchFile(PDFMaker.pages(["One line.", "Two lines."]))
        let text = try await Fixtures.extractor().text(of: file)
        #expect(text == "One line.\n\n\u{0C}Two lines.\n\n\u{0C}")
    }

    static let hopeless: [(String, [UInt8], PDFProblem)] = [
        ("empty", [], .empty),
        ("garbage", (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7919) }, .notPDF),
        ("a text", Array("This is no PDF, whatever its name says.".utf8), .notPDF),
        (
            "a PDF's head and garbage", Array("%PDF-1.7\n".utf8) + Array(repeating: 7, count: 999),
            .damaged
        ),
        ("cut off", Array(PDFMaker.pages(["One line."]).prefix(200)), .damaged),
        ("a picture", PDFMaker.imageOnly(), .imageOnly),
        ("an empty page", PDFMaker.pages([""]), .imageOnly),
        ("an endless page tree", PDFMaker.endlessTree(), .damaged),
    ]

    @Test("is not found in bad files, and a teacher learns why", arguments: hopeless)
    func hopelessFiles(_ name: String, _ bytes: [UInt8], _ problem: PDFProblem) async throws {
        let file = try Fixtures.scratchFile(bytes)
        await #expect(throws: problem, "\(name)") {
            try await Fixtures.extractor().text(of: file)
        }
    }

    @Test("is not found behind a password")
    func encrypted() async throws {
        let file = try Fixtures.scratchFile(Fixtures.bytes("Tests/Fixtures/pdf/encrypted.pdf"))
        await #expect(throws: PDFProblem.encrypted) {
            try await Fixtures.extractor().text(of: file)
        }
    }

    @Test("half of a real document is damaged, the whole is not")
    func truncated() async throws {
        let bytes = try Fixtures.sample("photosynthesis")
        let half = try Fixtures.scratchFile(Array(bytes.prefix(bytes.count / 2)))
        await #expect(throws: PDFProblem.damaged) { try await Fixtures.extractor().text(of: half) }
        let text = try await Fixtures.text(ofSample: "photosynthesis")
        #expect(text.contains("Great Oxidation Event"))
    }

    @Test("deep nesting does no harm")
    func nesting() async throws {
        let file = try Fixtures.scratchFile(PDFMaker.deeplyNested(100_000))
        await #expect(throws: PDFProblem.self) { try await Fixtures.extractor().text(of: file) }
    }

    @Test("a decompression bomb is ended by its limits")
    func bomb() async throws {
        var limits = ExtractionLimits()
        limits.processorSecondsMax = 1
        let bytes = try Fixtures.bytes("Tests/Fixtures/pdf/decompression-bomb.pdf")
        let file = try Fixtures.scratchFile(bytes)
        await #expect(throws: PDFProblem.tooComplex) {
            try await Fixtures.extractor(limits).text(of: file)
        }
    }

    @Test("pages beyond the limit are not read")
    func pageLimit() async throws {
        let file = try Fixtures.scratchFile(
            PDFMaker.pages(Array(repeating: "A line.", count: 10_000))
        )
        let limits = ExtractionLimits()
        let text = try await Fixtures.extractor(limits).text(of: file)
        #expect(text.count(where: { $0 == "\u{0C}" }) == limits.pagesMax)
    }

    @Test("text beyond the limit is not read")
    func textLimit() async throws {
        var limits = ExtractionLimits()
        limits.textBytesMax = 1000
        let file = try Fixtures.scratchFile(Fixtures.sample("photosynthesis"))
        let text = try await Fixtures.extractor(limits).text(of: file)
        #expect(text.utf8.count <= 1002)
        #expect(text.hasPrefix("Photosynthesis"))
    }
}

@Suite("What the outcome of pdftotext means")
struct PDFVerdictTests {
    static let outcomes: [(ChildOutcome.Ending, String, String, PDFProblem)] = [
        (.timedOut, "text", "", .tooComplex), (.signaled(SIGXCPU), "", "", .tooComplex),
        (.signaled(SIGABRT), "", "", .tooComplex), (.signaled(SIGSEGV), "", "", .damaged),
        (.exited(1), "", "Command Line Error: Incorrect password\n", .encrypted),
        (.exited(3), "", "", .encrypted), (.exited(1), "", "Syntax Error: x", .damaged),
        (.exited(99), "", "", .damaged), (.exited(0), " \u{0C}\n", "", .imageOnly),
        (.exited(0), "", "Syntax Error (1): bad", .damaged),
        (.exited(1), "", "Out of memory", .tooComplex),
    ]

    @Test("is one problem each", arguments: outcomes)
    func problems(
        _ ending: ChildOutcome.Ending,
        _ output: String,
        _ diagnostics: String,
        _ problem: PDFProblem
    ) {
        let outcome = ChildOutcome(
            ending: ending,
            output: Array(output.utf8),
            diagnostics: Array(diagnostics.utf8)
        )
        #expect(throws: problem) { try PDFVerdict.text(of: outcome) }
    }

    @Test("warnings beside text do not matter, nor does a cut in the middle of a character")
    func text() throws {
        let warned = ChildOutcome(
            ending: .exited(0),
            output: Array("Text".utf8),
            diagnostics: Array("Syntax Error (1): bad".utf8)
        )
        #expect(try PDFVerdict.text(of: warned) == "Text")
        let cut = ChildOutcome(ending: .outputFull, output: [0x41, 0xC3], diagnostics: [])
        #expect(try PDFVerdict.text(of: cut) == "A\u{FFFD}")
    }

    @Test("the mark of a PDF may come a little later")
    func mark() {
        let mark = Array("%PDF-1.4".utf8)
        let room = PDFVerdict.headerBytes - 5
        let late = Array(repeating: UInt8(0x20), count: room) + mark
        #expect(PDFVerdict.problem(prefix: late, length: 9999) == nil)
        let later = Array(repeating: UInt8(0x20), count: room + 1) + mark
        #expect(PDFVerdict.problem(prefix: later, length: 9999) == .notPDF)
    }

    @Test(
        "every problem has a code and a sentence that tells what to do",
        arguments: [
            .empty, .notPDF, .encrypted, .imageOnly, .damaged, .tooLarge(bytesMax: 1 << 26),
            .tooComplex, .tooLittleText(reason: "it holds no whole sentence"),
        ] as [PDFProblem]
    )
    func messages(_ problem: PDFProblem) {
        #expect(problem.message.hasPrefix("The "))
        #expect(problem.message.hasSuffix("."))
        #expect(problem.message.count > 40)
        #expect(problem.code.allSatisfy { $0.isLowercase || $0 == "-" })
    }
}
