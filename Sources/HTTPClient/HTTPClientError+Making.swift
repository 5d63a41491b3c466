// SPDX-License-Identifier: Apache-2.0

import CCurl
import HTTP

extension HTTPClientError {
    /// Makes an error about a request; `sentence` has neither a capital nor a full stop.
    init(_ request: HTTPClientRequest, _ kind: Kind, _ sentence: String) {
        let method = URLText.printable(request.method.rawValue)
        self.init(kind: kind, message: "\(method) \(URLText.shown(request.url)): \(sentence)")
    }

    /// Makes an error of libcurl's code and its explanation.
    init(_ request: HTTPClientRequest, _ code: CURLcode, detail: String) {
        let (kind, sentence) = Self.meaning(of: code)
        var library = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        library = URLText.printable(library)
        self.init(request, kind, "\(sentence) (\(library))")
    }

    private static func meaning(of code: CURLcode) -> (Kind, String) {
        switch code {
        case CURLE_URL_MALFORMAT: (.invalidRequest, "the URL is malformed")
        case CURLE_COULDNT_RESOLVE_HOST: (.couldNotResolve, "the host is not known")
        case CURLE_COULDNT_CONNECT: (.couldNotConnect, "nobody accepts connections there")
        case CURLE_OPERATION_TIMEDOUT: (.timedOut, "the time was up")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT, CURLE_SSL_CRL_BADFILE,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            (.tlsFailed, "there is no TLS connection to be had")
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE,
            CURLE_SEND_FAIL_REWIND:
            (.connectionLost, "the connection broke before the answer was complete")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING,
            CURLE_HTTP2:
            (.protocolError, "the answer is not HTTP/1.1")
        // What this libcurl says of a single header line beyond 100 kB.
        case CURLE_OUT_OF_MEMORY: (.responseTooLarge, "the answer is larger than memory allows")
        case CURLE_FILESIZE_EXCEEDED: (.responseTooLarge, "the answer is too large")
        default: (.failed, "the request failed")
        }
    }
}

extension CurlHeaderList.Problem {
    /// The end of a sentence about the request.
    var sentence: String {
        switch self {
        case .nameInvalid: "a header field's name is not a token"
        case .valueInvalid: "a header field's value holds a control character"
        case .transferEncoding: "Transfer-Encoding cannot be chosen, it follows from the body"
        case .tooLarge: "the header is larger than \(CurlHeaderList.bytesMax) bytes"
        }
    }
}
