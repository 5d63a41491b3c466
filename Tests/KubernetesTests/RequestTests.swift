// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Testing

@testable import Kubernetes

@Suite("Kubernetes: requests and refusals")
struct RequestTests {
    private static let hello = DeploymentReference(
        namespace: "exam",
        deployment: "hello-v2",
        service: "hello"
    )
    private static let slices =
        "/apis/discovery.k8s.io/v1/namespaces/exam/endpointslices"
        + "?labelSelector=kubernetes.io%2Fservice-name%3Dhello"

    @Test("a list, a page further, a watch, and a patch of the scale")
    func requests() {
        let list = APIRequest.listEndpointSlices(of: Self.hello)
        #expect(list.method == .get)
        #expect(list.target == Self.slices + "&limit=500")
        let page = APIRequest.listEndpointSlices(of: Self.hello, continuing: "a/b+c=")
        #expect(page.target == Self.slices + "&limit=500&continue=a%2Fb%2Bc%3D")
        let watch = APIRequest.watchEndpointSlices(of: Self.hello, since: "17", seconds: 60)
        #expect(
            watch.target == Self.slices
                + "&watch=1&allowWatchBookmarks=true&resourceVersion=17&timeoutSeconds=60"
        )
        let scale = APIRequest.scale(Self.hello, to: 3)
        #expect(scale.method == .patch)
        #expect(
            scale.target
                == "/apis/apps/v1/namespaces/exam/deployments/hello-v2/scale?fieldManager=swiftlet"
        )
        #expect(scale.contentType == "application/merge-patch+json")
        #expect(String(decoding: scale.body, as: UTF8.self) == #"{"spec":{"replicas":3}}"#)
    }

    @Test("a name never becomes another path")
    func names() {
        let odd = DeploymentReference(namespace: "../a", deployment: "b/c?d")
        let target = APIRequest.scale(odd, to: 0).target
        #expect(
            target == "/apis/apps/v1/namespaces/..%2Fa/deployments/b%2Fc%3Fd/scale"
                + "?fieldManager=swiftlet"
        )
    }

    @Test(
        "each status has its kind",
        arguments: [
            (401, KubernetesError.Kind.unauthorized), (403, .forbidden), (404, .notFound),
            (409, .conflict), (410, .gone), (429, .throttled), (500, .serverFailed),
            (503, .serverFailed), (599, .serverFailed), (400, .refused), (302, .refused),
        ]
    )
    func kinds(_ status: Int, _ kind: KubernetesError.Kind) {
        let error = KubernetesError(
            status: HTTPStatus(rawValue: status),
            fields: HTTPFields(),
            body: Array("no JSON".utf8),
            purpose: "scale it"
        )
        #expect(error.kind == kind)
        #expect(error.message.hasPrefix("the API server answered \(status): cannot scale it"))
        #expect(error.retryAfter == nil)
    }

    @Test("a refusal quotes the server's reason, in part and in print, and says what to do")
    func message() {
        let reason = "deployments.apps is forbidden\\n" + String(repeating: "x", count: 1000)
        let error = KubernetesError(
            status: .forbidden,
            fields: HTTPFields(),
            body: Array(#"{"kind":"Status","message":"\#(reason)","code":403}"#.utf8),
            purpose: "scale it"
        )
        #expect(error.message.hasPrefix("the API server answered 403 (deployments.apps is forb"))
        #expect(
            error.message.hasSuffix(
                "x): cannot scale it; give its service account a Role with this right"
            )
        )
        #expect(error.message.utf8.count < 450)
        #expect(!error.message.utf8.contains(0x0A))
    }

    @Test(
        "Retry-After is seconds, and bounded",
        arguments: [
            ("1", Duration.seconds(1)), ("0", .zero), ("60", .seconds(60)), ("61", .seconds(60)),
            ("4294967295", .seconds(60)), ("4294967296", nil), ("-1", nil), ("soon", nil),
            ("", nil),
        ] as [(String, Duration?)]
    )
    func retryAfter(_ text: String, _ expected: Duration?) {
        let error = KubernetesError(
            status: .tooManyRequests,
            fields: ["Retry-After": text],
            body: [],
            purpose: "ask"
        )
        #expect(error.retryAfter == expected)
    }

    @Test("credentials of a pod, and what is missing without")
    func access() throws {
        let folder = try TestFolder()
        let variables = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"]
        func access(_ variables: [String: String], url: String? = nil) throws -> KubernetesAccess {
            try KubernetesAccess.inCluster(url: url, directory: folder.path) { variables[$0] }
        }
        #expect(throws: KubernetesError.self) { try access(variables) }
        folder.write("token", "abc")
        #expect(throws: KubernetesError.self) { try access([:]) }
        let bare = try access(variables)
        #expect(bare.url == "https://10.0.0.1:6443")
        #expect(bare.tokenFile == "\(folder.path)/token" && bare.authoritiesFile == nil)
        folder.write("ca.crt", "-")
        #expect(try access(variables).authoritiesFile == "\(folder.path)/ca.crt")
        let six = try access(["KUBERNETES_SERVICE_HOST": "fd00::1"])
        #expect(six.url == "https://[fd00::1]:443")
        #expect(try access([:], url: "https://api:6443/").url == "https://api:6443")
    }

    @Test("no token is shown where everybody could read it, and none is needed")
    func plainAccess() throws {
        let folder = try TestFolder()
        folder.write("token", "abc")
        for directory in [folder.path, "/nowhere"] {
            let access = try KubernetesAccess.inCluster(
                url: "http://127.0.0.1:8001/",
                directory: directory
            ) { _ in nil }
            #expect(access == KubernetesAccess(url: "http://127.0.0.1:8001"))
        }
    }
}
