# The build stage installs the project and loads its release; neither pip nor the network is needed afterwards.
FROM python:3.11-slim AS build

# A virtual environment without pip of its own: the image that serves has no use for one.
COPY requirements.txt /srv/atlas/
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes \
        -r /srv/atlas/requirements.txt

# Migrations and seed files are found beside the code, so the project runs from its own folder.
# The data are checked here too: with a fault in them there is no image.
# Bytecode is made now, because the process that serves may write nothing; the last line lets its user
# read everything, whatever umask the checkout was made under.
WORKDIR /srv/atlas
COPY . .
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --no-build-isolation -e . \
    && /opt/venv/bin/il6 seed \
    && /opt/venv/bin/python -m compileall -q app migrations \
    && chmod -R u=rwX,go=rX .


FROM python:3.11-slim

LABEL org.opencontainers.image.title="IL-6 Atlas" \
      org.opencontainers.image.description="Curated, citable knowledge on interleukin-6 inhibitors in cancer, as a REST API" \
      org.opencontainers.image.licenses="MIT AND CC-BY-4.0"

# The log comes out line by line, and a read-only root file system is enough.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/atlas /srv/atlas
WORKDIR /srv/atlas

# A number, so that an orchestrator can see it is not root; everything else belongs to root.
USER 10001:10001

EXPOSE 8000

# Python asks, since the base image has no curl; an answer other than 200 raises, and so does silence.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('IL6_PORT', 8000)}/readyz\", timeout=4)"]

# Inside a container the loopback address would be out of reach of everyone.
CMD ["il6", "serve", "--host", "0.0.0.0"]
