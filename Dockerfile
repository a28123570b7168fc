# The wheel is built with the pinned tools, and installed beside the pinned packages alone.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements-dev.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-dev.txt
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.txt /tmp/
RUN pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.txt
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels /tmp/requirements.txt \
    && useradd --create-home zhuanhu \
    && install --directory --owner zhuanhu --group zhuanhu --mode 0700 /data /keys
USER zhuanhu
WORKDIR /home/zhuanhu
ENV ZHUANHU_DATA_DIR=/data
VOLUME ["/data", "/keys"]
CMD ["zhuanhu", "up"]
