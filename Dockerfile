# authctl and nothing else: no shell, no package manager, not root. Build: docker build -t authctl .
# Run: docker run -p 8443:8443 -v authctl:/var/lib/authctl -e AUTHCTL_MASTER_KEY_FILE=/run/secrets/authctl-master-key … authctl
FROM debian:12 AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends sudo ca-certificates git >/dev/null
WORKDIR /src
COPY . .
RUN scripts/install-packages build && apt-get install -y -qq --no-install-recommends libpq5 libzxcvbn0 libargon2-1 libqrencode4 libpng16-16 >/dev/null
ARG SOURCE_DATE_EPOCH
RUN cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release && cmake --build /build --target authctl && strip --strip-unneeded /build/authctl
RUN scripts/make-rootfs /build/authctl /root-of-image

FROM scratch
COPY --from=build /root-of-image /
USER 65532:65532
ENV AUTHCTL_STORE=sqlite:/var/lib/authctl/authctl.db
VOLUME /var/lib/authctl
EXPOSE 8443
HEALTHCHECK NONE
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/authctl"]
CMD ["serve", "--listen", "0.0.0.0:8443", "--tls-cert", "/run/secrets/tls.crt", "--tls-key", "/run/secrets/tls.key"]
