"""A network of four validators, by the program as people use it."""

import json
import os
import signal
import subprocess
import tempfile
import urllib.request


class Network:
    def __init__(self, giro):
        self.giro = giro
        self._directory = tempfile.TemporaryDirectory(prefix="giro-browser-")
        self.directory = self._directory.name + "/net"
        self.up()

    def run(self, *arguments, codes=(0,)):
        environment = dict(os.environ, GIRO_PROFILE=self.directory + "/client.toml")
        done = subprocess.run([self.giro, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in codes:
            raise AssertionError(f"giro {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def up(self):
        said = json.loads(self.run("testnet", "up", "--dir", self.directory, "--json"))
        self.pids = {node["name"]: node["pid"] for node in said["nodes"]}
        self.api = {node["name"]: node["api"] for node in said["nodes"]}
        self.first_payment = said["first_payment"]["op_id"]

    def kill(self, name):
        os.kill(self.pids[name], signal.SIGKILL)

    def get(self, path):
        with urllib.request.urlopen(self.api["bank-a"] + path, timeout=10) as answer:
            return json.load(answer)

    def close(self):
        self.run("testnet", "down", "--dir", self.directory)
        self._directory.cleanup()
