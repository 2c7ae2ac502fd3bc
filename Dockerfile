# The tool in a container: docker build -t migrator . && docker run --rm -v "$PWD/reports:/work/reports" migrator demo
# The same locked packages as everywhere, with their checksums; nothing is resolved.

# The wheel is built apart: neither the repository nor the build backend is in the image.
FROM python:3.12-slim AS build
WORKDIR /source
COPY requirements-dev.lock ./
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements-dev.lock
COPY . ./
RUN python -m hatchling build -t wheel -d /wheel

FROM python:3.12-slim
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
COPY requirements.lock /tmp/locks/
RUN pip install --no-cache-dir --no-deps --require-hashes -r /tmp/locks/requirements.lock
COPY --from=build /wheel /tmp/wheel/
RUN pip install --no-cache-dir --no-deps /tmp/wheel/*.whl

# Not root: a run folder belongs to whoever runs it. Give your own number with --user "$(id -u):$(id -g)".
RUN useradd --create-home --uid 1000 migrator && mkdir -p /work/reports && chown -R migrator /work
USER 1000
WORKDIR /work
VOLUME /work/reports
ENTRYPOINT ["migrator"]
CMD ["--help"]
