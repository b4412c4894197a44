# The book and its tests in one image: docker build -t llm_book . && docker run --rm -it -p 8000:8000 llm_book
FROM python:3.12-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make git chromium fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /llm_book
COPY . .
RUN make build
# Inside a container, 127.0.0.1 is out of reach from the host: listen on every address.
CMD ["make", "site", "HOST=0.0.0.0"]
EXPOSE 8000
