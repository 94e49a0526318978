# scoreloop's services. No Docker engine has built this file yet.
FROM python:3.11-slim

WORKDIR /opt/scoreloop
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY . ./
RUN pip install --no-cache-dir --no-deps . \
 && useradd --system --uid 10001 --no-create-home scoreloop

# The folder with stream.toml and its registry is mounted here.
WORKDIR /stream
USER 10001
ENTRYPOINT ["scoreloop"]
