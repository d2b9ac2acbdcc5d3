"""A headless Chromium that tells everything it asked for and everything it complained about."""

import base64
import json
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

PATIENCE_S = 20
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--window-size=1280,1000",
         # Nothing but loopback has an address.
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


class Chromium:
    def __init__(self, program, driver):
        self._profile = tempfile.TemporaryDirectory(prefix="giro-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for flag in FLAGS + [f"--user-data-dir={self._profile.name}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(driver), options=options)
        self.driver.set_script_timeout(60)
        self.asked = set()

    def close(self):
        self.driver.quit()
        self._profile.cleanup()

    def open(self, address):
        self.driver.get(address)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def text(self, selector):
        """What stands in the first such element; empty if there is none."""
        return self.script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def wait(self, what, is_so):
        """Until is_so() gives something; that is the answer."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = is_so()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {PATIENCE_S} s; the page says:\n{self.text('body')}")

    def wait_text(self, selector, part):
        self.wait(f"'{part}' in {selector}", lambda: part in self.text(selector))

    def dark(self, is_dark):
        feature = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def phone(self, is_phone):
        if is_phone:
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                        {"width": 360, "height": 780, "deviceScaleFactor": 2, "mobile": True})
        else:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def picture(self, file):
        """The whole page, for people to look at."""
        width, height = self.script("const e = document.documentElement; return [e.clientWidth, e.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, 4000), "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        file.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the console has said since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def addresses(self):
        """Everything that was asked for since the browser began."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.add(message["params"]["request"]["url"])
        return self.asked
