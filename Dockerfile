# swarm-slb as a container: compiled code and production dependencies on a Node base image; nothing is written to its file system.
# A .npmrc and a npm-ca.pem beside package.json (private registry, own certificate authority) are used where present; they do not reach the image.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmr[c] npm-ca.pe[m] ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /src
COPY package.json package-lock.json .npmr[c] npm-ca.pe[m] ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ARG VERSION=0.0.0
LABEL org.opencontainers.image.title="swarm-slb" \
      org.opencontainers.image.description="Keeps Alibaba Cloud load balancers in step with the published ports of a Docker Swarm" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY package.json ./
# A task that starts is not healthy before it has read the cloud, where another manager runs a healthy one; Swarm gives it ten minutes.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10m --retries=3 CMD ["node", "/app/dist/main.js", "healthcheck"]
# A small young generation and code that is small rather than fast: a third less memory, and the daemon waits most of the time.
ENTRYPOINT ["node", "--max-semi-space-size=2", "--optimize-for-size", "/app/dist/main.js"]
CMD ["run"]
