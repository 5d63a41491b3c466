// SPDX-License-Identifier: Apache-2.0

import CCurl
import EventLoop
import Glibc
import HTTP
import Synchronization

/// A libcurl easy handle, used for one request after the other.
///
/// Belongs to the loop of its driver. The parts that differ from request to request are set each
/// time; the rest is set once and again only when a request of another ``Shape`` comes along.
final class CurlEasy {
    /// What decides about most options.
    struct Shape: Equatable {
        enum Body: Equatable {
            case none
            /// Sent together with the head in one piece.
            case posted
            /// Read piece by piece.
            case uploaded
            /// There is no request: the connection is wanted.
            case connection
        }

        var method: HTTPMethod
        var body: Body
        var unixSocket: String?
        var version: HTTPClientRequest.Version
        var authorities: String?
    }

    /// A body of fewer bytes is copied and sent with the head in one call; libcurl's own limit.
    static let postedBytesMax = 64 * 1024 - 1

    /// Handles that exist in this process.
    static let liveCount = Atomic<Int>(0)

    let handle: UnsafeMutableRawPointer
    unowned let driver: CurlDriver
    /// Where it stands in the driver's list of running handles.
    var runningIndex = 0
    /// The request under way.
    private(set) var transfer: HTTPClientTransfer?
    /// To whom only a connection is wanted, for the request under way.
    private(set) var plainTarget: PlainTarget?
    /// Receives the answer to the request under way.
    var receiver = ResponseReceiver()

    private var shape: Shape?
    private var url = ""
    private let headers = CurlHeaderList()
    private let errorText: UnsafeMutablePointer<CChar>
    /// The body that is sent with the head; libcurl keeps a pointer to it.
    private var posted: UnsafeMutableRawBufferPointer
    /// How much of an uploaded body libcurl has read.
    private var uploadOffset: Int64 = 0

    /// Makes a handle; `nil` when memory is short.
    init?(driver: CurlDriver) {
        guard let handle = curl_easy_init() else { return nil }
        Self.liveCount.wrappingAdd(1, ordering: .relaxed)
        self.handle = handle
        self.driver = driver
        self.errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        self.errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        self.posted = .allocate(byteCount: 2048, alignment: 1)
    }

    /// The handle must not be on a multi handle any more.
    deinit {
        curl_easy_cleanup(self.handle)
        self.errorText.deallocate()
        self.posted.deallocate()
        Self.liveCount.wrappingSubtract(1, ordering: .relaxed)
    }

    /// The object behind a pointer that libcurl was given.
    static func from(_ context: UnsafeMutableRawPointer?) -> CurlEasy? {
        context.map { Unmanaged<CurlEasy>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Before a request

    /// Sets everything for a request.
    ///
    /// - Throws: ``HTTPClientError`` of kind `invalidRequest` when it cannot be sent safely.
    func prepare(_ transfer: HTTPClientTransfer) throws(HTTPClientError) {
        let request = transfer.request
        let shape = try Self.shape(of: request)
        if request.url != self.url, let problem = URLText.problem(request.url) {
            throw HTTPClientError(request, .invalidRequest, problem)
        }
        do {
            try self.headers.fill(request.fields, hasBody: shape.body != .none)
        } catch {
            throw HTTPClientError(request, .invalidRequest, error.sentence)
        }
        if shape != self.shape {
            try Self.check(shape, of: request)
            self.apply(shape)
        }
        if request.url != self.url {
            self.url = request.url
            self.set(CURLOPT_URL, request.url)
        }
        _ = swiftlet_curl_easy_setopt_headers(self.handle, self.headers.first)
        self.set(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeout))
        self.set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout))
        self.setBody(request.body, shape.body)
        self.errorText.pointee = 0
        self.receiver = ResponseReceiver(
            request,
            limits: self.driver.configuration.responseLimits,
            reusing: self.receiver
        )
        self.transfer = transfer
    }

    /// Sets everything for a connection that shall carry a request.
    func prepareConnection(for transfer: HTTPClientTransfer, to target: PlainTarget) {
        let request = transfer.request
        let shape = Shape(method: .get, body: .connection, version: .http1)
        if shape != self.shape { self.apply(shape) }
        self.url = request.url
        self.set(CURLOPT_URL, request.url)
        let left = MonotonicTime.now().duration(to: transfer.deadline)
        self.set(CURLOPT_TIMEOUT_MS, Self.milliseconds(left))
        self.set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout))
        self.errorText.pointee = 0
        self.receiver = ResponseReceiver()
        self.transfer = transfer
        self.plainTarget = target
    }

    /// The socket of the connection that was made; negative without one.
    var socket: Int32 {
        var fd: curl_socket_t = -1
        let code = swiftlet_curl_easy_getinfo_socket(self.handle, CURLINFO_ACTIVESOCKET, &fd)
        return code == CURLE_OK ? fd : -1
    }

    /// Forgets the request, once the handle is off its multi handle.
    func release() {
        self.transfer = nil
        self.plainTarget = nil
        self.receiver.releaseBody()
    }

    private static func shape(of request: HTTPClientRequest) throws(HTTPClientError) -> Shape {
        let body: Shape.Body
        switch request.body {
        case .none: body = request.method.expectsBody ? .posted : .none
        case .bytes(let bytes): body = bytes.count <= Self.postedBytesMax ? .posted : .uploaded
        case .file(let descriptor, let offset, let length):
            guard descriptor >= 0, offset >= 0, length >= 0, length <= Int64.max - offset else {
                throw HTTPClientError(request, .invalidRequest, "the body is no part of a file")
            }
            body = .uploaded
        }
        return Shape(
            method: request.method,
            body: body,
            unixSocket: request.unixSocket,
            version: request.version,
            authorities: request.authorities
        )
    }

    private static func check(
        _ shape: Shape,
        of request: HTTPClientRequest
    ) throws(HTTPClientError) {
        guard HTTPText.isToken(Array(shape.method.rawValue.utf8)), shape.method != .connect
        else { throw HTTPClientError(request, .invalidRequest, "the method cannot be sent") }
        guard shape.method != .head || shape.body == .none else {
            throw HTTPClientError(request, .invalidRequest, "HEAD carries no body")
        }
    }

    private func setBody(_ body: HTTPClientRequest.Body, _ form: Shape.Body) {
        self.uploadOffset = 0
        switch (form, body) {
        case (.none, _), (.connection, _): break
        case (.posted, .bytes(let bytes)): self.post(bytes)
        case (.posted, _): self.post([])
        case (.uploaded, .bytes(let bytes)): self.set(CURLOPT_INFILESIZE_LARGE, Int64(bytes.count))
        case (.uploaded, .file(_, _, let length)): self.set(CURLOPT_INFILESIZE_LARGE, length)
        case (.uploaded, .none): self.set(CURLOPT_INFILESIZE_LARGE, 0)
        }
    }

    /// A copy: an array lends no pointer that outlives the call, and these bodies are short.
    private func post(_ bytes: [UInt8]) {
        if bytes.count > self.posted.count {
            self.posted.deallocate()
            self.posted = .allocate(byteCount: bytes.count, alignment: 1)
        }
        bytes.withUnsafeBytes { self.posted.copyMemory(from: $0) }
        self.set(CURLOPT_POSTFIELDSIZE_LARGE, Int64(bytes.count))
        _ = swiftlet_curl_easy_setopt_pointer(
            self.handle,
            CURLOPT_POSTFIELDS,
            self.posted.baseAddress
        )
    }

    /// In milliseconds, at least one: libcurl takes 0 for "no limit".
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0 else { return 1 }
        // 24 days is what fits libcurl's arithmetic everywhere.
        guard seconds < Int64(Int32.max) / 1000 else { return Int(Int32.max) }
        return max(1, Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    // MARK: Options

    private func apply(_ shape: Shape) {
        curl_easy_reset(self.handle)
        self.shape = nil
        self.url = ""
        self.setPolicy()
        self.setVersion(shape.version)
        self.setTLS(authorities: shape.authorities)
        self.setCallbacks()
        if let unixSocket = shape.unixSocket { self.set(CURLOPT_UNIX_SOCKET_PATH, unixSocket) }
        switch shape.body {
        case .none where shape.method == .head: self.set(CURLOPT_NOBODY, 1)
        case .none:
            self.set(CURLOPT_HTTPGET, 1)
            self.set(CURLOPT_BUFFERSIZE, 64 * 1024)
            if shape.method != .get { self.set(CURLOPT_CUSTOMREQUEST, shape.method.rawValue) }
        case .posted:
            self.set(CURLOPT_POST, 1)
            if shape.method != .post { self.set(CURLOPT_CUSTOMREQUEST, shape.method.rawValue) }
        case .uploaded:
            self.set(CURLOPT_UPLOAD, 1)
            self.set(CURLOPT_UPLOAD_BUFFERSIZE, 256 * 1024)
            if shape.method != .put { self.set(CURLOPT_CUSTOMREQUEST, shape.method.rawValue) }
        case .connection: self.set(CURLOPT_CONNECT_ONLY, 1)
        }
        self.shape = shape
    }

    private func setPolicy() {
        // Refusing anything but HTTP is a security border: it has to have succeeded.
        let protocols = self.set(CURLOPT_PROTOCOLS_STR, "http,https")
        precondition(protocols == CURLE_OK, "libcurl was built with HTTP and HTTPS")
        self.set(CURLOPT_NOSIGNAL, 1)
        self.set(CURLOPT_PROXY, "")
        self.set(CURLOPT_NOPROXY, "*")
        self.set(CURLOPT_FOLLOWLOCATION, 0)
        // Object keys may hold "..", which the signature covers.
        self.set(CURLOPT_PATH_AS_IS, 1)
        self.set(CURLOPT_TCP_KEEPALIVE, 1)
        let idleSeconds = self.driver.configuration.idleTimeMax.components.seconds
        self.set(CURLOPT_MAXAGE_CONN, max(1, Int(clamping: idleSeconds)))
    }

    private func setVersion(_ version: HTTPClientRequest.Version) {
        let value =
            switch version {
            case .http1: CURL_HTTP_VERSION_1_1
            case .negotiated: CURL_HTTP_VERSION_2TLS
            case .http2: CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
            }
        self.set(CURLOPT_HTTP_VERSION, Int(value))
        guard version == .http2 else { return }
        // Better a stream of the connection that is coming up than one more connection.
        self.set(CURLOPT_PIPEWAIT, 1)
        guard !Self.reusesPriorKnowledge else { return }
        self.set(CURLOPT_FRESH_CONNECT, 1)
        self.set(CURLOPT_FORBID_REUSE, 1)
    }

    /// Whether libcurl can use a connection twice whose server was known to speak HTTP/2.
    ///
    /// 7.88, which Debian 12 has, fails the second request on it (curl's issue 10634).
    private static let reusesPriorKnowledge: Bool = {
        guard let version = curl_version_info(CURLVERSION_FIRST) else { return true }
        return !(0x07_5800..<0x08_0000 ~= version.pointee.version_num)
    }()

    private func setTLS(authorities: String?) {
        self.set(CURLOPT_SSL_VERIFYPEER, 1)
        self.set(CURLOPT_SSL_VERIFYHOST, 2)
        let configuration = self.driver.configuration
        if let file = configuration.authoritiesFile { self.set(CURLOPT_CAINFO, file) }
        if var text = authorities {
            text.withUTF8 { bytes in
                var blob = curl_blob(
                    data: UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                    len: bytes.count,
                    flags: UInt32(CURL_BLOB_COPY)
                )
                withUnsafeMutablePointer(to: &blob) { blob in
                    self.set(CURLOPT_CAINFO_BLOB, UnsafeMutableRawPointer(blob))
                }
            }
        }
        if let (certificateFile, keyFile) = configuration.clientCertificate {
            self.set(CURLOPT_SSLCERT, certificateFile)
            self.set(CURLOPT_SSLKEY, keyFile)
        }
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let driverContext = Unmanaged.passUnretained(self.driver).toOpaque()
        self.set(CURLOPT_PRIVATE, context)
        self.set(CURLOPT_ERRORBUFFER, self.errorText)
        self.set(CURLOPT_WRITEDATA, context)
        _ = swiftlet_curl_easy_setopt_write(self.handle) { bytes, unit, count, context in
            CurlEasy.from(context)?.receivedBody(bytes, unit * count) ?? 0
        }
        self.set(CURLOPT_HEADERDATA, context)
        _ = swiftlet_curl_easy_setopt_header(self.handle) { bytes, unit, count, context in
            CurlEasy.from(context)?.receivedHeader(bytes, unit * count) ?? 0
        }
        self.set(CURLOPT_READDATA, context)
        _ = swiftlet_curl_easy_setopt_read(self.handle) { bytes, unit, count, context in
            CurlEasy.from(context)?.readBody(bytes, unit * count) ?? Int(CURL_READFUNC_ABORT)
        }
        self.set(CURLOPT_SEEKDATA, context)
        _ = swiftlet_curl_easy_setopt_seek(self.handle) { context, offset, origin in
            CurlEasy.from(context)?.seekBody(Int64(offset), origin) ?? CURL_SEEKFUNC_FAIL
        }
        self.set(CURLOPT_OPENSOCKETDATA, driverContext)
        _ = swiftlet_curl_easy_setopt_opensocket(self.handle) { context, _, address in
            guard let address else { return -1 }
            return CurlDriver.from(context)?.openSocket(address.pointee) ?? -1
        }
        self.set(CURLOPT_CLOSESOCKETDATA, driverContext)
        _ = swiftlet_curl_easy_setopt_closesocket(self.handle) { context, fd in
            CurlDriver.from(context)?.closeSocket(fd)
            return 0
        }
    }

    private func set(_ option: CURLoption, _ value: Int) {
        _ = swiftlet_curl_easy_setopt_long(self.handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: Int64) {
        _ = swiftlet_curl_easy_setopt_offset(self.handle, option, curl_off_t(value))
    }

    @discardableResult
    private func set(_ option: CURLoption, _ value: String) -> CURLcode {
        swiftlet_curl_easy_setopt_string(self.handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) {
        _ = swiftlet_curl_easy_setopt_pointer(self.handle, option, value)
    }

    // MARK: While libcurl works; nothing here may call it, except for asking

    private func receivedHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        let line = UnsafeRawBufferPointer(start: bytes, count: count)
        let hadHead = self.receiver.head != nil
        guard self.receiver.receivedHeader(line), let transfer = self.transfer else { return 0 }
        if self.receiver.isStream, !hadHead, let head = self.receiver.head {
            transfer.append(.head(head))
            self.driver.enqueue(transfer)
        }
        return count
    }

    private func receivedBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let transfer = self.transfer else { return 0 }
        if self.receiver.isStream, self.driver.mustHold(transfer) {
            self.receiver.isHeld = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        var announced: curl_off_t = -1
        if self.receiver.isFirstChunk {
            _ = swiftlet_curl_easy_getinfo_offset(
                self.handle,
                CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                &announced
            )
        }
        let chunk = UnsafeRawBufferPointer(start: bytes, count: count)
        guard self.receiver.receivedBody(chunk, announcedBytes: Int64(announced)) else { return 0 }
        if self.receiver.isStream, count > 0 {
            transfer.append(.chunk(Array(chunk)))
            self.driver.enqueue(transfer)
        }
        return count
    }

    private func readBody(_ bytes: UnsafeMutablePointer<CChar>?, _ room: Int) -> Int {
        let target = UnsafeMutableRawBufferPointer(start: bytes, count: room)
        switch self.transfer?.request.body {
        case .bytes(let source):
            let offset = min(Int(self.uploadOffset), source.count)
            let count = min(room, source.count - offset)
            source.withUnsafeBytes { bytes in
                let piece = bytes[offset..<offset + count]
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            }
            self.uploadOffset += Int64(count)
            return count
        case .file(let descriptor, let offset, let length):
            let wanted = min(Int64(room), length - self.uploadOffset)
            guard wanted > 0 else { return 0 }
            return self.readFile(descriptor, at: offset + self.uploadOffset, into: target, wanted)
        case nil, .some(.none): return 0
        }
    }

    private func readFile(
        _ descriptor: Int32,
        at offset: Int64,
        into target: UnsafeMutableRawBufferPointer,
        _ wanted: Int64
    ) -> Int {
        while true {
            let count = pread(descriptor, target.baseAddress, Int(wanted), off_t(offset))
            if count > 0 {
                self.uploadOffset += Int64(count)
                return count
            }
            if count < 0, errno == EINTR { continue }
            let reason =
                count == 0
                ? "the file that is the body is shorter than promised"
                : "the file that is the body could not be read: \(String(cString: strerror(errno)))"
            self.receiver.failure = (.bodyUnreadable, reason)
            return Int(CURL_READFUNC_ABORT)
        }
    }

    /// Lets libcurl send the body again on a fresh connection when a kept one turns out dead.
    private func seekBody(_ offset: Int64, _ origin: Int32) -> Int32 {
        guard origin == SEEK_SET, offset >= 0 else { return CURL_SEEKFUNC_FAIL }
        self.uploadOffset = offset
        return CURL_SEEKFUNC_OK
    }

    // MARK: After a request

    /// What came of it.
    func result(_ code: CURLcode) -> Result<HTTPClientResponse, HTTPClientError> {
        guard let request = self.transfer?.request else {
            return .failure(HTTPClientError(kind: .failed, message: "the request got lost"))
        }
        if let (kind, sentence) = self.receiver.failure {
            return .failure(HTTPClientError(request, kind, sentence))
        }
        guard code == CURLE_OK else {
            let detail = String(cString: self.errorText)
            return .failure(HTTPClientError(request, code, detail: detail))
        }
        guard let response = self.receiver.takeResponse() else {
            return .failure(HTTPClientError(request, .protocolError, "there was no final answer"))
        }
        return .success(response)
    }
}

extension HTTPMethod {
    /// Whether an empty body is announced as such (RFC 9110 section 8.6).
    var expectsBody: Bool { self == .post || self == .put || self == .patch }
}
