// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// What happened to one object, and who did it: all that a notification tells.
package struct ObjectEvent: Sendable {
    /// What is told about an object that exists.
    package struct Object: Sendable {
        /// Its length in bytes.
        package var lengthBytes: UInt64
        /// Its entity tag, without quotes.
        package var eTag: String
        /// Its content type.
        package var contentType: String
        /// What else its uploader said: `content-type` and `X-Amz-Meta-…`.
        package var userMetadata: [String: String]

        /// Makes a description.
        package init(
            lengthBytes: UInt64,
            eTag: String,
            contentType: String,
            userMetadata: [String: String]
        ) {
            self.lengthBytes = lengthBytes
            self.eTag = eTag
            self.contentType = contentType
            self.userMetadata = userMetadata
        }
    }

    /// The request that made it happen.
    package struct Request: Sendable {
        /// The access key of its sender.
        package var accessKey: String
        /// The address of its sender, without port.
        package var sourceAddress: String
        /// Its `User-Agent`.
        package var userAgent: String
        /// Its identifier, `x-amz-request-id` of the answer.
        package var requestID: String

        /// Makes a description.
        package init(
            accessKey: String,
            sourceAddress: String,
            userAgent: String,
            requestID: String
        ) {
            self.accessKey = accessKey
            self.sourceAddress = sourceAddress
            self.userAgent = userAgent
            self.requestID = requestID
        }
    }

    /// The server that it happened on.
    package struct Origin: Sendable {
        /// The region of its buckets.
        package var region: String
        /// `x-amz-id-2` of its answers.
        package var hostID: String
        /// The identifier of its state, a UUID.
        package var deploymentID: String
        /// Its address as a URL.
        package var endpoint: String

        /// Makes a description.
        package init(region: String, hostID: String, deploymentID: String, endpoint: String) {
            self.region = region
            self.hostID = hostID
            self.deploymentID = deploymentID
            self.endpoint = endpoint
        }
    }

    /// What happened.
    package var name: ObjectEventName
    /// When.
    package var time: Timestamp
    /// In which bucket.
    package var bucket: String
    /// To which object.
    package var key: String
    /// Orders the events of one key: the object's time in nanoseconds.
    package var sequencer: UInt64
    /// The object; looked at only when it exists.
    package var object: Object?
    /// The request behind it.
    package var request: Request
    /// The server behind it.
    package var origin: Origin

    /// Makes an event.
    package init(
        name: ObjectEventName,
        time: Timestamp,
        bucket: String,
        key: String,
        sequencer: UInt64,
        object: Object?,
        request: Request,
        origin: Origin
    ) {
        self.name = name
        self.time = time
        self.bucket = bucket
        self.key = key
        self.sequencer = sequencer
        self.object = object
        self.request = request
        self.origin = origin
    }

    /// The key of the record in Kafka: bucket and object key, not escaped.
    package var recordKey: [UInt8] { Array("\(self.bucket)/\(self.key)".utf8) }

    /// The value of the record in Kafka, byte for byte in MinIO's form.
    package var recordValue: [UInt8] {
        var json = OrderedJSON()
        json.object { json in
            json.member("EventName", self.name.rawValue)
            json.member("Key", "\(self.bucket)/\(self.key)")
            json.member("Records") { json in
                json.array { self.writeRecord(to: &$0) }
            }
        }
        return json.bytes
    }

    private func writeRecord(to json: inout OrderedJSON) {
        json.object { json in
            json.member("eventVersion", "2.0")
            json.member("eventSource", "minio:s3")
            json.member("awsRegion", self.origin.region)
            json.member("eventTime", self.time.rfc3339(fractionDigits: 3))
            json.member("eventName", self.name.rawValue)
            json.member("userIdentity", ["principalId": self.request.accessKey])
            json.member(
                "requestParameters",
                [
                    "principalId": self.request.accessKey, "region": self.origin.region,
                    "sourceIPAddress": self.request.sourceAddress,
                ]
            )
            json.member(
                "responseElements",
                [
                    "x-amz-id-2": self.origin.hostID,
                    "x-amz-request-id": self.request.requestID,
                    "x-minio-deployment-id": self.origin.deploymentID,
                    "x-minio-origin-endpoint": self.origin.endpoint,
                ]
            )
            json.member("s3") { self.writeEntity(to: &$0) }
            json.member(
                "source",
                [
                    "host": self.request.sourceAddress, "port": "",
                    "userAgent": self.request.userAgent,
                ]
            )
        }
    }

    private func writeEntity(to json: inout OrderedJSON) {
        json.object { json in
            json.member("s3SchemaVersion", "1.0")
            json.member("configurationId", "Config")
            json.member("bucket") { json in
                json.object { json in
                    json.member("name", self.bucket)
                    json.member("ownerIdentity", ["principalId": self.request.accessKey])
                    json.member("arn", "arn:aws:s3:::\(self.bucket)")
                }
            }
            json.member("object") { json in
                json.object { self.writeObject(to: &$0) }
            }
        }
    }

    /// Empty members are left out, as Go's `omitempty` does.
    private func writeObject(to json: inout OrderedJSON) {
        json.member("key", EventKeyCoding.encode(self.key))
        if let object = self.object, !self.name.isRemoval {
            if object.lengthBytes > 0 { json.member("size", object.lengthBytes) }
            if !object.eTag.isEmpty { json.member("eTag", object.eTag) }
            if !object.contentType.isEmpty { json.member("contentType", object.contentType) }
            if !object.userMetadata.isEmpty { json.member("userMetadata", object.userMetadata) }
        }
        json.member("sequencer", self.sequencerText)
    }

    /// The sequencer as it is written: 16 upper-case hexadecimal digits.
    private var sequencerText: String {
        Hex.encode(
            (0..<8).reversed().map { UInt8(truncatingIfNeeded: self.sequencer >> ($0 * 8)) },
            uppercase: true
        )
    }
}
