# The image of sluice: the Debian package, built in one stage and installed in the next, where no compiler is.
#
# BASE is a Debian or Ubuntu whose archive has Oracle's client library (libmysqlclient-dev): Ubuntu 22.04 and later, Debian
# unstable. On others, as Debian 12, the package is built with MariaDB's. BUILD_BASE may be the same system with a toolchain.
ARG BASE=ubuntu:24.04
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS build
WORKDIR /src
# What is to be installed depends on this file only, so that a change of the sources does not install it again.
COPY scripts/setup scripts/
RUN scripts/setup package
COPY . .
RUN make package

FROM ${BASE}
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="keeps Redis an exact, live copy of chosen MySQL or MariaDB tables" \
      org.opencontainers.image.documentation="docs/docker.md" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /src/build/release/sluice_*.deb /tmp/
# The number of the user is fixed, for owners of mounted files.
RUN groupadd --system --gid 10001 sluice \
    && useradd --system --uid 10001 --gid sluice --home-dir /var/lib/sluice --create-home --shell /usr/sbin/nologin sluice \
    && apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends ca-certificates tini /tmp/sluice_*.deb \
    && rm -rf /tmp/sluice_*.deb /var/lib/apt/lists/* /var/cache/apt/*

# By number, so that who starts it can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/sluice
# Of http.listen in the configuration, if it is there.
EXPOSE 9464
STOPSIGNAL SIGTERM
# Healthy: readers may rely on the cache. A standby is, too. While tables are loaded it is not.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["sluice", "status"]
# The configuration is /etc/sluice/sluice.json. tini hands signals on (SIGHUP too) and reaps.
ENTRYPOINT ["tini", "--", "sluice"]
CMD ["run"]
