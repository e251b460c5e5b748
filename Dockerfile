# One image for every stage and command. Pin the base by its digest, which `docker buildx imagetools inspect
# python:3.11-slim` tells:  docker build --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:... -t sellerwatch .
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build
RUN python -m venv /opt/sellerwatch && python -m venv /opt/builder
COPY requirements/run.lock requirements/build.lock requirements/
RUN /opt/sellerwatch/bin/pip install --require-hashes --only-binary=:all: --requirement requirements/run.lock \
 && /opt/builder/bin/pip install --require-hashes --only-binary=:all: --requirement requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY detectors/ detectors/
COPY streams/ streams/
COPY simulator/ simulator/
COPY console/ console/
COPY sellerwatch/ sellerwatch/
RUN /opt/builder/bin/hatchling build --target wheel \
 && /opt/sellerwatch/bin/pip install --no-deps --no-index dist/*.whl \
 && /opt/sellerwatch/bin/pip uninstall --yes pip setuptools

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Sellerwatch" \
      org.opencontainers.image.description="Streaming transaction-risk monitor for online marketplaces" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 sellerwatch \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin sellerwatch \
 && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /opt/sellerwatch /opt/sellerwatch
ENV PATH="/opt/sellerwatch/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /tmp
USER 10001:10001

# Python is process 1 and handles SIGTERM itself: no shell and no init in between.
STOPSIGNAL SIGTERM
ENTRYPOINT ["sellerwatch"]
CMD ["worker"]

# The stage of this container, or all four. A container of another command overrides it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; [r.urlopen(f'http://127.0.0.1:{port}/healthz', timeout=4) for port in (os.environ.get('SELLERWATCH_METRICS_PORT') or '9101 9102 9103 9104').split()]"]
