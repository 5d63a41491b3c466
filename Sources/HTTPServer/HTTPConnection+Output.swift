// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Sends what the answers wrote, as much as the peer takes.
extension HTTPConnection {
    /// Holds writes back until `body` is done, so that they leave in one system call.
    func corked(_ body: () -> Void) {
        self.corkDepth += 1
        body()
        self.corkDepth -= 1
        self.flushUnlessCorked()
    }

    /// Sends, unless somebody does it later or the kernel is known to take nothing now.
    func flushUnlessCorked() {
        if self.corkDepth == 0, self.writeDeadline == nil { self.flush() }
    }

    func flush() {
        guard !self.isClosed, self.fillOutput() else { return }
        var hasProgress = false
        while self.fillOutput() {
            switch self.output.send(through: self.transport) {
            case .count: hasProgress = true
            case .wouldBlock, .end: return self.outputBlocked(hasProgress)
            case .failed: return self.reset()
            }
        }
        self.outputWritten()
    }

    /// Whether there is something to send.
    private func fillOutput() -> Bool {
        if case .http2 = self.phase { self.http2?.produce() }
        return !self.isClosed && !self.output.isEmpty
    }

    private func outputWritten() {
        if self.output.isOversize { self.output.giveBack(to: &self.server.spareOutput) }
        let wasBlocked = self.writeDeadline != nil
        self.writeDeadline = nil
        switch self.phase {
        case .lingering: return self.beginToLinger()
        case .http2: self.endHTTP2IfFinished()
        case .upgraded where self.byteStream?.isOutputEnded == true:
            return self.byteStreamOutputEnded()
        default: break
        }
        if wasBlocked {
            self.restoreDeadline()
            self.updateInterest()
        }
        self.tellRoom()
    }

    private func outputBlocked(_ hasProgress: Bool) {
        // A handler that writes on does not make a peer that does not read any livelier.
        if hasProgress || self.writeDeadline == nil {
            let deadline = self.loop.now.advanced(by: self.times.write)
            self.writeDeadline = deadline
            self.armTimer(noLaterThan: deadline)
        }
        self.updateInterest()
        self.tellRoom()
    }

    /// Lets those go on who waited for room in the output.
    private func tellRoom() {
        guard self.hasRoomForOutput else { return }
        self.exchange?.outputDrained()
        if case .upgraded = self.phase { self.byteStream?.outputDrained() }
        guard self.isStalled else { return }
        self.isStalled = false
        self.scheduleResume()
    }

    func updateInterest() {
        guard !self.isClosed else { return }
        let wantsInput = self.wantsInput
        var interest = wantsInput ? IOEvents.readable : self.interestInUnreadEnd
        if self.writeDeadline != nil || self.transport.tls?.wantsWrite == true {
            interest.insert(.writable)
        }
        // No event tells of what the library has read ahead.
        let mustRead =
            self.transport.tls != nil && wantsInput && !self.interest.contains(.readable)
        self.setInterest(interest)
        if mustRead { self.scheduleRead() }
    }

    func setInterest(_ interest: IOEvents) {
        guard !self.isClosed, interest.rawValue != self.interest.rawValue else { return }
        self.interest = interest
        self.loop.modify(self.transport.fd, for: interest)
    }

    var wantsInput: Bool {
        guard !self.hasInputEnded else { return false }
        switch self.phase {
        case .handshake: return true
        case .head: return self.hasRoomForOutput && !self.isStalled
        case .http2: return self.hasRoomForOutput
        case .upgraded: return self.byteStream?.wantsInput ?? false
        case .discarding, .lingering: return true
        case .exchange:
            guard let exchange = self.exchange else { return false }
            if self.decoder != nil {
                return exchange.bufferedBodyBytes < self.configuration.bodyBufferBytesMax
            }
            // Pipelined requests are read ahead a little, which also notices a closed connection.
            return self.pending.count < self.configuration.bodyBufferBytesMax
        case .closed: return false
        }
    }
}
