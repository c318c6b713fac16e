# Riffle in a small image: docker build -t riffle .
# Pinned: the toolchain that Riffle is built and tested with, the base by its date, and packages of Swift where there is a
# Package.resolved (any build here makes one). Debian's own packages are those of its release at the time of the build.
ARG SWIFT_IMAGE=swift:6.3.1-bookworm
ARG DEBIAN_IMAGE=debian:bookworm-20251229-slim

FROM ${SWIFT_IMAGE} AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends librdkafka-dev libmimalloc-dev libsimdjson-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# Dependencies have a layer of their own: a change in the sources does not fetch them again.
COPY Package.swift Package.resolved* ./
RUN swift package resolve
COPY Sources ./Sources
# Sources/riffle/Schemas links to them.
COPY schemas ./schemas
COPY Tests ./Tests
RUN swift build -c release --static-swift-stdlib --product riffle \
    && install -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/riffle" /stage/riffle

FROM ${DEBIAN_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates librdkafka1 libmimalloc2.0 libsimdjson14 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 riffle \
    && useradd --system --uid 10001 --gid riffle --home-dir /riffle --create-home riffle \
    # A volume that is mounted here for the first time takes its owner from the directory.
    && install -d -o riffle -g riffle -m 0700 /var/lib/riffle
COPY --from=build /stage/riffle /usr/local/bin/riffle
COPY deploy/docker/riffle-health /usr/local/bin/riffle-health
COPY pipelines /riffle/pipelines
# A number, so that Kubernetes can see that it is not root.
USER 10001
WORKDIR /riffle
ENV RIFFLE_STATE=/var/lib/riffle
# Of a container that listens (--http), whether its process answers; of any other, that it lives.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["riffle-health", "livez"]
# Finishes, flushes and commits what is in work.
STOPSIGNAL SIGTERM
# Given at the build, such as --build-arg REVISION="$(git rev-parse HEAD)"; last, so that they end no layer's cache.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Riffle" \
      org.opencontainers.image.description="Scores streams of events from Kafka: windowed features, a model, decisions, drift" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
ENTRYPOINT ["riffle"]
CMD ["--help"]
