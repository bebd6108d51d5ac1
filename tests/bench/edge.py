"""nginx with the configuration of the project in front of `il6 serve`, as a command: PORT."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from app.settings import PROJECT
from tests.bench.measure import free_port


def main() -> None:
    port, behind = int(sys.argv[1]), free_port()
    with tempfile.TemporaryDirectory() as folder:
        text = (PROJECT / "deploy" / "nginx.conf").read_text("utf-8")
        text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};")
        text = text.replace("worker_processes 2;", "worker_processes 1;")  # as of the other servers
        text = text.replace("server    atlas:8000;", f"server 127.0.0.1:{behind};")
        Path(folder, "nginx.conf").write_text(text, "utf-8")
        Path(folder, "edge.d").mkdir()
        own = "access_log off;\nlimit_conn connections 1000;\n"  # all the load comes from one address
        Path(folder, "edge.d", "bench.conf").write_text(own, "utf-8")
        application = subprocess.Popen([sys.executable, "-m", "app", "serve", "--port", str(behind)])
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
        options = ["-g", "daemon off; user root;", "-p", folder, "-c", f"{folder}/nginx.conf"]
        edge = subprocess.Popen([program, *options])
        signal.signal(signal.SIGTERM, lambda *_: edge.terminate())
        edge.wait()
        application.terminate()
        application.wait()


if __name__ == "__main__":
    main()
