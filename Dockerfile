# SPDX-License-Identifier: Apache-2.0
#
# The image of one function:
#
#   docker build --build-arg FUNCTION=exam-generator -t dev.local/exam-generator:0.1.0 .
#
# FUNCTION   an executable of Package.swift: exam-generator, event-display, hello …
# PACKAGES   Debian packages of programs that it runs; unless given, those known to be needed

# Both images are of the same Debian, so that what the program was linked with is what it finds.
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG RUNTIME_IMAGE=debian:12-slim

FROM ${SWIFT_IMAGE} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /source
COPY .ci/prepare .ci/prepare
RUN .ci/prepare build
COPY Makefile Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY functions functions
ARG FUNCTION
ARG PACKAGES=""
RUN test -n "$FUNCTION" || { echo "say which: --build-arg FUNCTION=exam-generator" >&2; exit 1; }; \
    make build PRODUCT="$FUNCTION"
# The program, and the names of the packages that own the libraries it is linked with, and libssl3,
# which it loads when it is to speak TLS. Debian keeps files below /usr and may know them by their
# older path.
RUN mkdir /out; \
    install --strip ".build/release/$FUNCTION" /out/function; \
    ldd /out/function | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do \
        file="$(realpath "$library")"; \
        dpkg-query --search "$file" 2>/dev/null || dpkg-query --search "${file#/usr}"; \
    done | sed 's/:.*//' | sort -u > /out/packages; \
    echo libssl3 >> /out/packages; \
    if grep -q '^libcurl' /out/packages; then echo ca-certificates >> /out/packages; fi; \
    case "$FUNCTION:$PACKAGES" in \
        exam-generator:) echo poppler-utils >> /out/packages ;; \
        *) echo "$PACKAGES" >> /out/packages ;; \
    esac; \
    cat /out/packages

FROM ${RUNTIME_IMAGE}
COPY --from=build /out/packages /tmp/packages
# hadolint ignore=DL3008,SC2046
RUN apt-get update && \
    apt-get install -y --no-install-recommends $(cat /tmp/packages) && \
    rm -rf /var/lib/apt/lists/* /tmp/packages
COPY --from=build /out/function /function
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/function"]
