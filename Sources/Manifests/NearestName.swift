// SPDX-License-Identifier: Apache-2.0

/// Guesses which name was meant by a misspelled one.
enum NearestName {
    /// Most letters that may differ.
    private static let distanceMax = 2
    /// Longest name that is compared; the effort grows with its square.
    private static let lengthMax = 64

    /// The one of `names` that is closest to `name`, if one is close.
    static func of(_ name: String, among names: some Collection<String>) -> String? {
        guard name.utf8.count <= self.lengthMax else { return nil }
        let lowered = Array(name.lowercased().utf8)
        // Short names are all close to each other.
        let distanceMax = min(self.distanceMax, lowered.count / 3)
        var best: (name: String, distance: Int)?
        // Sorted, so that the same manifest gives the same message.
        for candidate in names.sorted() {
            let distance = self.distance(lowered, Array(candidate.lowercased().utf8))
            if distance <= distanceMax, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// How many letters to insert, remove or replace (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard abs(left.count - right.count) <= self.distanceMax else { return .max }
        var previous = Array(0...right.count)
        for (row, leftByte) in left.enumerated() {
            var current = [row + 1]
            for (column, rightByte) in right.enumerated() {
                let replaced = previous[column] + (leftByte == rightByte ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
