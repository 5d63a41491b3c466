// SPDX-License-Identifier: Apache-2.0

/// The value of an attribute of the specification: as it came, or as somebody set it.
struct AttributeText: Sendable {
    /// Which line of the headers has it, if one does.
    let received: ReceivedText
    /// The text otherwise; `nil` when there is none.
    let own: String?

    /// No value.
    static let none = Self(nil)

    /// A value that somebody set.
    @inline(__always)
    init(_ own: consuming String?) {
        self.received = .none
        self.own = own
    }

    /// A value in the headers.
    @inline(__always)
    init(_ received: ReceivedText) {
        self.received = received
        self.own = nil
    }

    /// How many bytes the text has that is in no header.
    @inline(__always)
    var ownLength: Int { self.own?.utf8.count ?? 0 }
}
