// SPDX-License-Identifier: Apache-2.0

// An echo of HTTP bodies on Go's own server; events are not looked at.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func echo(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	response.Write(body)
}

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(echo)))
}
