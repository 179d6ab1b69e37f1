# The gateway's image: Node's LTS, the libraries it is linked to, the built program and the packages it runs on. No shell, no
# package manager, nothing that builds or tests (docs/decisions/0050-image.md). Runs as uid 1000 on a read-only root file system.
#
#   docker build -t aihubmix-gateway .
#   docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges -p 4180:4180 \
#     -e GATEWAY_SERVER_PUBLIC_URL=… -e OAUTH_CLIENT_ID=… -e OAUTH_CLIENT_SECRET=… -e GATEWAY_UPSTREAM=… aihubmix-gateway
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No install script is needed: sodium-native brings its builds, of which only this machine's stays.
RUN npm ci --omit=dev --ignore-scripts --no-fund --no-audit \
  && find node_modules/sodium-native/prebuilds -mindepth 1 -maxdepth 1 ! -name "linux-$(node -p process.arch)" -exec rm -r {} + \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS root
# Node and sodium-native want glibc and libstdc++ (sodium-native has no build for musl); the dynamic linker says which files that is.
# Certificate authorities are within Node; NODE_EXTRA_CA_CERTS adds to them.
COPY --from=packages /app/node_modules/sodium-native/prebuilds /prebuilds
RUN for folder in dev etc proc run sys usr/local/bin; do mkdir -p "/root-fs/$folder"; done && mkdir -m 1777 /root-fs/tmp \
  && cp "$(command -v node)" /root-fs/usr/local/bin/ \
  && ldd "$(command -v node)" /prebuilds/*/*.node | grep -oE '/[^ ():]+\.so[^ ()]*' | sort -u | while read -r library; do \
       install -D "$(readlink -f "$library")" "/root-fs$library"; done \
  && echo 'gateway:x:1000:1000::/tmp:/sbin/nologin' > /root-fs/etc/passwd && echo 'gateway:x:1000:' > /root-fs/etc/group \
  && echo 'hosts: files dns' > /root-fs/etc/nsswitch.conf

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="aihubmix-gateway" \
  org.opencontainers.image.description="OAuth reverse-proxy gateway for AIHubMix" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
COPY --from=root /root-fs /
ENV NODE_ENV=production PATH=/usr/local/bin
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
USER 1000:1000
EXPOSE 4180 4181
STOPSIGNAL SIGTERM
# The admin listener is on loopback here unless admin.listen says otherwise; Kubernetes asks it by probes and ignores this.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${(process.env.GATEWAY_ADMIN_LISTEN ?? ':4181').split(':').at(-1)}/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# A small young generation: half the memory at the same speed (docs/decisions/0050-image.md).
ENTRYPOINT ["node", "--max-semi-space-size=16", "dist/main.js"]
CMD ["serve"]
