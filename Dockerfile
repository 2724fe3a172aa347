# syntax=docker/dockerfile:1
# The program alone, for those who build images the usual way. `ingot deploy image PACKAGE` writes an image with the
# model in it, and needs no Docker.
#
#   docker build -t ingot .
#   docker run -p 5000:5000 -v "$PWD/dist:/model:ro" -v "$PWD/secrets:/run/secrets/ingot:ro" ingot \
#     serve /model/credit-risk-1.0.0.ingot --listen 0.0.0.0:5000 --public-key /run/secrets/ingot/signing.pub \
#     --identity /run/secrets/ingot/identity.txt --pepper /run/secrets/ingot/pepper \
#     --ledger /var/lib/ingot/ledger.db --allow-insecure

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends clang libclang-dev g++ make python3 python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && python3 -m venv /opt/build-tools \
 && /opt/build-tools/bin/pip install --no-cache-dir 'cmake>=3.28,<5'
ENV PATH="$PATH:/opt/build-tools/bin" CARGO_TARGET_DIR=/build/target
WORKDIR /build/source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --locked --profile dist --package ingot-cli --bin ingot \
 && install -D /build/target/dist/ingot /out/ingot

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 65532 ingot \
 && useradd --uid 65532 --gid 65532 --home-dir /var/lib/ingot --shell /usr/sbin/nologin --no-create-home ingot \
 && install -d -o ingot -g ingot -m 0700 /var/lib/ingot
COPY --from=build /out/ingot /usr/bin/ingot
USER 65532:65532
WORKDIR /var/lib/ingot
VOLUME /var/lib/ingot
EXPOSE 5000
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/ingot"]
CMD ["--help"]
