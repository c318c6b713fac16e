# The version that Riffle is built and tested with; any from 6.1 on builds.
ARG SWIFT_IMAGE=swift:6.3-bookworm

FROM ${SWIFT_IMAGE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends librdkafka-dev libmimalloc-dev libsimdjson-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# Dependencies have a layer of their own: a change in the sources does not fetch them again.
COPY Package.swift ./
RUN swift package resolve
COPY Sources ./Sources
COPY Tests ./Tests
RUN swift build -c release --static-swift-stdlib --product riffle \
    && install -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/riffle" /stage/riffle

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates librdkafka1 libmimalloc2.0 libsimdjson14 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /riffle --create-home riffle
COPY --from=build /stage/riffle /usr/local/bin/riffle
COPY --chown=riffle pipelines /riffle/pipelines
USER riffle
WORKDIR /riffle
ENTRYPOINT ["riffle"]
CMD ["--help"]
