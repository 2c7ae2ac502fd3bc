# The tool in a container: docker build -t migrator . && docker run --rm -v "$PWD/reports:/work/reports" migrator demo
# The same locked packages as everywhere, with their checksums; nothing is resolved.
FROM python:3.12-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
COPY requirements.lock requirements-dev.lock /tmp/locks/
RUN pip install --no-cache-dir --no-deps --require-hashes -r /tmp/locks/requirements.lock

COPY . /opt/migrator
# The build backend is in the development lock; it is used for this one step and does not stay.
RUN python -m venv /tmp/build \
    && /tmp/build/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/locks/requirements-dev.lock \
    && cd /opt/migrator && /tmp/build/bin/python -m hatchling build -t wheel -d /tmp/wheel \
    && pip install --no-cache-dir --no-deps /tmp/wheel/*.whl \
    && rm -rf /tmp/build /tmp/wheel /tmp/locks /opt/migrator

# Not root: a run folder belongs to whoever runs it. Give your own number with --user "$(id -u):$(id -g)".
RUN useradd --create-home --uid 1000 migrator && mkdir -p /work/reports && chown -R migrator /work
USER migrator
WORKDIR /work
VOLUME /work/reports
ENTRYPOINT ["migrator"]
CMD ["--help"]
