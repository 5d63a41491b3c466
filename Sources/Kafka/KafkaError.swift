// SPDX-License-Identifier: Apache-2.0

internal import CKafka

/// What went wrong in Kafka, and whether trying again can help.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure: a code of the protocol, or a negative one of librdkafka.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The value of `rd_kafka_resp_err_t`.
        package let rawValue: Int32

        /// Takes over a value of `rd_kafka_resp_err_t`.
        package init(rawValue: Int32) { self.rawValue = rawValue }

        init(_ code: rd_kafka_resp_err_t) { self.rawValue = code.rawValue }

        var raw: rd_kafka_resp_err_t { rd_kafka_resp_err_t(rawValue: self.rawValue) }

        /// The name in librdkafka's list, for example `_MSG_TIMED_OUT`.
        package var description: String { String(cString: rd_kafka_err2name(self.raw)) }

        /// A property is unknown or its value is not allowed; it never goes away by itself.
        package static let configurationInvalid = Self(RD_KAFKA_RESP_ERR__INVALID_ARG)
        /// The client was closed before the call, or while it waited.
        package static let closed = Self(RD_KAFKA_RESP_ERR__DESTROY)
        /// As many messages wait for the broker as `queue.buffering.max.*` allow.
        package static let queueFull = Self(RD_KAFKA_RESP_ERR__QUEUE_FULL)
        /// A message was not acknowledged within `message.timeout.ms`.
        package static let messageTimedOut = Self(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
        /// A message was given up because the producer closed.
        package static let purged = Self(RD_KAFKA_RESP_ERR__PURGE_QUEUE)
        /// No answer came in time.
        package static let timedOut = Self(RD_KAFKA_RESP_ERR__TIMED_OUT)
        /// A connection could not be made, or broke.
        package static let transport = Self(RD_KAFKA_RESP_ERR__TRANSPORT)
        /// No broker can be reached at the moment.
        package static let allBrokersDown = Self(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        /// The group is being rebalanced; commits are refused meanwhile.
        package static let rebalanceInProgress = Self(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
        /// The commit came from a member of an earlier generation of the group.
        package static let illegalGeneration = Self(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
        /// The broker's own time was up.
        package static let requestTimedOut = Self(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT)
        /// The topic or the partition does not exist, or not yet.
        package static let unknownTopicOrPartition =
            Self(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        /// The message is larger than the client or the broker takes.
        package static let messageTooLarge = Self(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    }

    /// The kind of failure.
    package var code: Code
    /// One sentence for a person; no secrets and no payloads.
    package var message: String
    /// Whether the same call can succeed later with nothing changed.
    package var isRetriable: Bool
    /// Whether the client is of no use any more and has to be made anew.
    package var isFatal: Bool

    /// Makes an error; whether it is worth a retry follows from the code unless told.
    package init(
        code: Code,
        message: String,
        isRetriable: Bool? = nil,
        isFatal: Bool = false
    ) {
        self.code = code
        self.message = message
        self.isRetriable = isRetriable ?? (!isFatal && code.isTransient)
        self.isFatal = isFatal
    }

    /// The message and the name of the code.
    package var description: String { "\(self.message) (\(self.code))" }
}

extension KafkaError {
    /// Makes an error from a code, in librdkafka's words.
    init(_ code: rd_kafka_resp_err_t, doing what: String) {
        self.init(
            code: Code(code),
            message: "\(what) failed: \(String(cString: rd_kafka_err2str(code)))"
        )
    }

    /// Makes an error from an error object, which is destroyed.
    init(taking error: OpaquePointer, doing what: String) {
        self.init(
            code: Code(rd_kafka_error_code(error)),
            message: "\(what) failed: \(String(cString: rd_kafka_error_string(error)))",
            isRetriable: rd_kafka_error_is_retriable(error) != 0 ? true : nil,
            isFatal: rd_kafka_error_is_fatal(error) != 0
        )
        rd_kafka_error_destroy(error)
    }
}

extension KafkaError.Code {
    /// Failures that usually go away by themselves.
    fileprivate var isTransient: Bool {
        switch self.raw {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
            RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__WAIT_COORD,
            RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
            true
        default:
            false
        }
    }
}
