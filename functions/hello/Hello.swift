// SPDX-License-Identifier: Apache-2.0

import Swiftlet

struct Person: Decodable {
    var name: String
}

struct Greeting: Encodable {
    var text: String
}

@main
struct Hello {
    static func main() {
        var function = Function()
        function.on("greeting.requested", reply: "greeting.made") { (person: Person, _) in
            Greeting(text: "Hello, \(person.name)!")
        }
        function.get("/") { _, context in
            .text("Hello, \(context.environment["TARGET"] ?? "World")!\n")
        }
        function.run()
    }
}
