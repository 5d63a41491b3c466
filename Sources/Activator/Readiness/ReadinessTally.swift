// SPDX-License-Identifier: Apache-2.0

/// Whether an instance is ready, by the results of its probe (Kubernetes, Configure Probes).
///
/// It is not at first. Only so many results in a row that contradict what was known change it.
struct ReadinessTally {
    private let successThreshold: Int
    private let failureThreshold: Int
    /// What is known.
    private(set) var isReady = false
    /// Results in a row that contradict it.
    private var contraryCount = 0

    /// Makes a tally; thresholds below 1 count as 1.
    init(successThreshold: Int, failureThreshold: Int) {
        self.successThreshold = max(1, successThreshold)
        self.failureThreshold = max(1, failureThreshold)
    }

    /// Takes a result.
    ///
    /// - Returns: Whether it changed ``isReady``.
    mutating func note(_ isSuccess: Bool) -> Bool {
        guard isSuccess != self.isReady else {
            self.contraryCount = 0
            return false
        }
        self.contraryCount += 1
        let threshold = self.isReady ? self.failureThreshold : self.successThreshold
        guard self.contraryCount >= threshold else { return false }
        self.isReady = isSuccess
        self.contraryCount = 0
        return true
    }
}
