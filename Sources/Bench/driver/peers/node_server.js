// SPDX-License-Identifier: Apache-2.0
// An echo of HTTP bodies on Node's own server; events are not looked at.
const http = require("http");

http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": body.length,
    });
    response.end(body);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
