"""The portal's pages on one machine: headers from the template, configuration from the deployment."""

import json
import re
import subprocess
from pathlib import Path

import jmespath
import pytest

from hemascope_cli.local.site import LocalSite, site_headers
from hemascope_cli.local.templates import moved, read_templates
from tests.support.http import request

CLOUD = "http://127.0.0.1:4566"
CONFIG = {"api": "https://api", "sign_in": "https://users", "client": "c-1"}


def test_pages_have_the_headers_of_the_template_with_the_local_cloud_in_place_of_aws(root: Path) -> None:
    headers = site_headers(read_templates(root)["Portal"], CLOUD)

    assert headers == {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' blob: {CLOUD}; connect-src 'self' {CLOUD}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def test_the_site_serves_files_and_the_configuration_under_its_headers_and_lists_no_folder(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "one.mjs").write_text("export {};")

    with LocalSite(tmp_path, CONFIG, {"X-Own": "yes"}) as site:
        module = request("GET", f"{site.url}/pages/one.mjs")
        config = request("GET", f"{site.url}/config.json")
        folder = request("GET", f"{site.url}/pages/", retries=False)

    assert (module.status, module.headers["Content-Type"], module.headers["X-Own"]) == (200, "text/javascript", "yes")
    assert (config.status, json.loads(config.data), config.headers["X-Own"]) == (200, CONFIG, "yes")
    assert folder.status == 404


def test_a_template_moves_to_another_portal_as_a_whole(root: Path) -> None:
    for name, template in read_templates(root).items():
        assert "portal.hospital.example" not in json.dumps(moved(template, "http://127.0.0.1:8080")), name


def test_a_template_stays_where_it_is_without_another_portal(root: Path) -> None:
    template = read_templates(root)["Portal"]

    assert moved(template, None) is template


def test_publishing_reads_the_configuration_out_of_the_stacks_outputs(root: Path) -> None:
    outputs = {"PortalApi": "https://api", "SignIn": "https://users", "PortalClient": "c-1", "SiteBucket": "site"}
    described = {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]}]}

    commands = subprocess.run(["make", "-n", "publish"], cwd=root, capture_output=True, text=True, check=True).stdout
    query = re.search(r'--output json --query "([^"]*)"', commands)

    assert query
    assert jmespath.search(query[1].replace("\\\n", " "), described) == CONFIG


@pytest.mark.parametrize("file", ["index.html", "open.html"])
def test_a_page_has_no_script_and_no_style_of_its_own(root: Path, file: str) -> None:
    text = (root / "web" / file).read_text()

    assert re.findall(r"<style|style=|\son\w+=|javascript:|https?://", text) == []
    assert re.findall(r"<script[^>]*>(.*?)</script>", text) == [""]


def test_no_module_makes_markup_out_of_text_or_names_another_host(root: Path) -> None:
    modules = list((root / "web").rglob("*.mjs"))

    assert modules
    for module in modules:
        text = module.read_text()
        banned = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|localStorage", text
        )
        assert banned == [], module.name
        assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}, module.name
