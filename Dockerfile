# One static binary on an empty image, run by nobody in particular. /data holds the database.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/livesrv ./cmd/livesrv \
 && mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 --chmod=1777 /out/tmp /tmp
COPY --from=build /out/livesrv /livesrv
USER 65532:65532
ENV LIVESRV_DATA_DIR=/data
VOLUME /data
EXPOSE 8080/tcp 1935/tcp 8189/udp 8189/tcp 8890/udp 8554/tcp 8000-8001/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/livesrv", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/livesrv"]
CMD ["serve"]
