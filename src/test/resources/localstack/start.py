"""Starts LocalStack 4.14, whose functions run as processes of this machine instead of in Docker.

AWS's own runtime client, which Maven puts into target/sandbox, runs the unpacked package. It asks
this process for events, through the Runtime API:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# On the loopback interface, with its files in target, and without reports to its makers.
os.environ |= {
    "OVERRIDE_IN_DOCKER": "0",
    "FILESYSTEM_ROOT": "target/localstack/files",
    "DISABLE_EVENTS": "1",
}

from localstack import config
from localstack.runtime import main
from localstack.services.lambda_.invocation import docker_runtime_executor
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

CLIENT = Path("target/sandbox/lambda-runtime").absolute()
CLIENT_PACKAGE = "com.amazonaws.services.lambda.runtime.api.client."


class ProcessExecutor(RuntimeExecutor):
    """One execution environment of a function."""

    def start(self, env_vars):
        self.events, self.ends, self.idle = queue.Queue(), queue.Queue(), threading.Event()
        self.api = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        self.folder = tempfile.TemporaryDirectory()
        self.log = Path(self.folder.name, "log")
        code = self.function_version.config.code.get_unzipped_code_location()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "java",
                    f"-D{CLIENT_PACKAGE}runtimeapi.NativeClient.JNI={self._native_code()}",
                    "-cp",
                    f"{CLIENT}/*",
                    f"{CLIENT_PACKAGE}AWSLambda",
                    env_vars["_HANDLER"],
                ],
                cwd=code,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={name: str(value) for name, value in env_vars.items()}
                | {
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.api.server_port}",
                    "LAMBDA_TASK_ROOT": str(code),
                    "LANG": "C.UTF-8",
                    "PATH": os.environ["PATH"],
                },
            )
        while not self.idle.wait(0.1):
            if self.process.poll() is not None or not self.ends.empty():
                raise RuntimeError(self.get_logs())

    def _native_code(self):
        jar = zipfile.ZipFile(CLIENT / "aws-lambda-java-runtime-interface-client.jar")
        processor = "aarch_64" if platform.machine() == "aarch64" else "x86_64"
        return jar.extract(f"jni/libaws-lambda-jni.linux-{processor}.so", self.folder.name)

    def _handler(executor):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                executor.idle.set()
                event = executor.events.get()
                self._answer(
                    200,
                    event["payload"].encode(),
                    {
                        "Lambda-Runtime-Aws-Request-Id": event["invoke-id"],
                        "Lambda-Runtime-Deadline-Ms": str(event["deadline"]),
                        "Lambda-Runtime-Invoked-Function-Arn": event["invoked-function-arn"],
                    },
                )

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                executor.ends.put((self.path.endswith("/error"), body))
                self._answer(202, b"", {})

            def _answer(self, status, body, headers):
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler

    def invoke(self, payload):
        timeout = self.function_version.config.timeout
        before = self.log.stat().st_size
        self.events.put(payload | {"deadline": int((time.time() + timeout) * 1000)})
        try:
            failed, body = self.ends.get(timeout=timeout)
        except queue.Empty:
            self.process.kill()
            failed, body = True, b'{"errorType": "Sandbox.Timedout"}'
        logs = self.log.read_bytes()[before:].decode()
        return InvocationResult(payload["invoke-id"], body, is_error=failed, logs=logs)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.api.shutdown()
        self.api.server_close()
        self.folder.cleanup()

    def get_logs(self):
        return self.log.read_text()

    def get_address(self):
        return "127.0.0.1"

    get_endpoint_from_executor = get_address

    def get_runtime_endpoint(self):
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"

    @classmethod
    def prepare_version(cls, function_version):
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass


if __name__ == "__main__":
    # The plug-in "docker" looks for its executor when the first function starts.
    docker_runtime_executor.DockerRuntimeExecutor = ProcessExecutor
    sys.exit(main.main())
