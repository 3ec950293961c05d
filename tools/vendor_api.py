"""Make k8slearn/embedded/apiserver/data/ anew from Kubernetes itself (Apache-2.0); run it for a new version.

    python tools/vendor_api.py GOMODCACHE/k8s.io v0.37.2 KUBECONFIG

``fields.json`` comes from the Go types (their tags say more than .proto files or OpenAPI: which fields are
pointers, what ``omitempty`` drops, by which key lists merge), ``openapi.json.gz`` from a running cluster's
``/openapi/v3``, of the same version; what server-side apply needs to know of a field is in OpenAPI only, and
goes into the table from there. See data/README.md for the form of both.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parents[1] / "k8slearn/embedded/apiserver/data"
META = "k8s.io/apimachinery/pkg/apis/meta/v1"
EXTENSIONS = "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
GROUPS = {
    "admissionregistration.k8s.io": "admissionregistration/v1",
    "apps": "apps/v1",
    "authentication.k8s.io": "authentication/v1",
    "authorization.k8s.io": "authorization/v1",
    "autoscaling": "autoscaling/v1 autoscaling/v2",
    "batch": "batch/v1",
    "coordination.k8s.io": "coordination/v1",
    "": "core/v1",
    "discovery.k8s.io": "discovery/v1",
    "events.k8s.io": "events/v1",
    "networking.k8s.io": "networking/v1",
    "policy": "policy/v1",
    "rbac.authorization.k8s.io": "rbac/v1",
    "scheduling.k8s.io": "scheduling/v1",
    "storage.k8s.io": "storage/v1",
}

# Types that marshal themselves: what they are called in fields.json.
OWN_FORM = {
    "k8s.io.apimachinery.pkg.api.resource.Quantity": "quantity",
    "k8s.io.apimachinery.pkg.apis.meta.v1.Time": "time",
    "k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "k8s.io.apimachinery.pkg.apis.meta.v1.Duration": "duration",
    "k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1": "raw",
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "intorstring",
    "k8s.io.apimachinery.pkg.runtime.RawExtension": "raw",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON": "raw",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "raw",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "raw",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "raw",
}
SCALARS = {"string", "int32", "int64", "bool", "float64", "bytes"}


def go_package(path: str) -> str:
    """``k8s.io/api/core/v1`` -> ``k8s.io.api.core.v1``, as protobuf names it."""
    return path.replace("/", ".").replace("-", "_")


class Package:
    """The structs and the named types of one Go package."""

    def __init__(self, path: str, folder: Path) -> None:
        self.name = go_package(path)
        self.structs: dict[str, list[tuple[str, str, str]]] = {}
        self.named: dict[str, str] = {}
        self.imports: dict[str, str] = {}
        for file in sorted(folder.glob("*.go")):
            if not file.name.startswith(("zz_", "generated", "types_swagger")) and "_test" not in file.name:
                self._read(file.read_text())

    def _read(self, text: str) -> None:
        for alias, path in re.findall(r'^\s+(\w+)?\s*"(k8s\.io/[^"]+)"', text, re.M):
            self.imports.setdefault(alias or path.rsplit("/", 1)[-1], path)
        for name, body in re.findall(r"^type (\w+) struct \{\n(.*?)^\}", text, re.M | re.S):
            lines = re.findall(r"^\t(?:(\w+)[ \t]+)?([\w.\[\]*]+)[ \t]+`(.*)`", body, re.M)
            self.structs[name] = lines
        self.structs |= {name: [] for name in re.findall(r"^type (\w+) struct ?\{ ?\}$", text, re.M)}
        for name, target in re.findall(r"^type (\w+) ([\w.\[\]*]+)$", text, re.M):
            self.named[name] = target


class Table:
    def __init__(self, modules: Path, version: str) -> None:
        self.modules = modules
        self.version = version
        self.packages: dict[str, Package] = {}
        self.messages: dict[str, dict[str, str]] = {}

    def package(self, path: str) -> Package:
        if path not in self.packages:
            module, _, rest = path.removeprefix("k8s.io/").partition("/")
            folder = self.modules / f"{module}@{self.version}" / rest
            self.packages[path] = Package(path, folder)
        return self.packages[path]

    def resolve(self, package: Package, go: str) -> tuple[str, str]:
        """A Go type -> (what it is made of, what Go prints): ``PullPolicy`` -> (string, v1.PullPolicy)."""
        if go in SCALARS or go in ("int", "uint32"):
            return go, go
        alias, _, name = go.rpartition(".")
        path = package.imports[alias] if alias else ""
        full = f"{go_package(path) if path else package.name}.{name}"
        printed = f"{full.split('.')[-2]}.{name}"
        if full in OWN_FORM:
            return OWN_FORM[full], printed
        if path == "k8s.io/apimachinery/pkg/types":
            return "string", printed
        home = self.package(path) if path else package
        if name in home.structs:
            self.add(home, name)
            return full, printed
        made_of, _ = self.shape(home, home.named[name])
        return made_of, printed

    def shape(self, package: Package, go: str) -> tuple[str, str]:
        """A whole Go type -> (its form in fields.json, what Go prints)."""
        if go == "[]byte":
            return "bytes", "[]uint8"
        for prefix in ("[]", "*"):
            if go.startswith(prefix):
                inner, printed = self.shape(package, go[len(prefix) :])
                return prefix + inner, (prefix if prefix == "[]" else "") + printed
        if match := re.match(r"map\[([\w.]+)\](.+)", go):
            _, key = self.resolve(package, match[1])
            inner, printed = self.shape(package, match[2])
            return f"map:{inner}", f"map[{key}]{printed}"
        return self.resolve(package, go)

    def add(self, package: Package, name: str) -> None:
        full = f"{package.name}.{name}"
        if full in self.messages:
            return
        fields = self.messages[full] = {}
        for go_name, go_type, tags in package.structs[name]:
            tag = dict(re.findall(r'(\w+):"([^"]*)"', tags))
            if "json" not in tag or tag["json"] == "-":
                continue
            json_name, *options = tag["json"].split(",")
            if go_type.endswith("TypeMeta") and not go_name:
                fields |= {"kind": "0 string", "apiVersion": "0 string"}
                continue
            number = tag.get("protobuf", "bytes,0").split(",")[1]
            form, printed = self.shape(package, go_type)
            if not json_name:
                fields[go_name or go_type.split(".")[-1]] = f"{number} inline {self.local(full, form)}"
                continue
            words = [number, self.local(full, form)]
            if "omitempty" not in options:
                words.append("always")
            if printed != default_go_type(form):
                words.append(f"go={printed}")
            field = go_name or go_type.split(".")[-1]
            if field != json_name[0].upper() + json_name[1:]:
                words.append(f"field={field}")
            if "patchStrategy" in tag:
                words.append(f"patch={tag['patchStrategy']}")
            if "patchMergeKey" in tag:
                words.append(f"key={tag['patchMergeKey']}")
            fields[json_name] = " ".join(words)

    def holder(self, message: str, field: str) -> dict[str, str]:
        """The fields among which this one stands: the message's own, or those of a struct inlined into it."""
        fields = self.messages[message]
        if field in fields:
            return fields
        package = message.rpartition(".")[0]
        inlined = [line.split()[2] for line in fields.values() if line.split()[1] == "inline"]
        names = [name if name in self.messages else f"{package}.{name}" for name in inlined]
        return next(self.holder(name, field) for name in names if field in self.messages[name])

    @staticmethod
    def local(message: str, form: str) -> str:
        """Messages of the same package go by their last name."""
        package = message.rpartition(".")[0]
        return re.sub(rf"{re.escape(package)}\.(\w+)$", r"\1", form)


def default_go_type(form: str) -> str:
    """What Go prints for a form when nothing else is said; schema.py has the same rule."""
    form = form.replace("*", "")
    if form.startswith("[]"):
        return "[]" + default_go_type(form[2:])
    if form.startswith("map:"):
        return "map[string]" + default_go_type(form[4:])
    own = {
        "quantity": "resource.Quantity",
        "time": "v1.Time",
        "microtime": "v1.MicroTime",
        "duration": "v1.Duration",
        "intorstring": "intstr.IntOrString",
        "raw": "runtime.RawExtension",
        "bytes": "[]uint8",
    }
    return own.get(form) or ".".join(form.split(".")[-2:])


def openapi(kubeconfig: str) -> dict:
    """The schemas of the groups above, without lists, which clients never ask about."""
    schemas: dict = {}
    for group, paths in GROUPS.items():
        for version in {p.split("/")[1] for p in paths.split()}:
            where = f"/openapi/v3/apis/{group}/{version}" if group else f"/openapi/v3/api/{version}"
            command = ["kubectl", "--kubeconfig", kubeconfig, "get", "--raw", where]
            schemas |= json.loads(subprocess.check_output(command))["components"]["schemas"]
    for version in ("apiextensions.k8s.io/v1", "metrics.k8s.io/v1beta1"):
        command = ["kubectl", "--kubeconfig", kubeconfig, "get", "--raw", f"/openapi/v3/apis/{version}"]
        schemas |= json.loads(subprocess.check_output(command))["components"]["schemas"]
    return {name: schema for name, schema in sorted(schemas.items()) if not name.endswith("List")}


def apply_words(schemas: dict, message: str) -> dict[str, str]:
    """What server-side apply has to know of the fields of a message, by their names; see data/README.md."""
    name = message.replace("k8s.io.", "io.k8s.", 1).replace(
        "apiextensions_apiserver", "apiextensions-apiserver"
    )
    words = {}
    for field, described in schemas.get(name, {}).get("properties", {}).items():
        match described.get("x-kubernetes-list-type"):
            case "set":
                words[field] = "list=set"
            case "map":
                elements = referred(schemas, described["items"])["properties"]
                keys = []
                for key in described["x-kubernetes-list-map-keys"]:
                    default = elements[key].get("default")
                    keys.append(key if default is None else f"{key}={default}")
                words[field] = f"list=map:{','.join(keys)}"
                if referred(schemas, described["items"]).get("x-kubernetes-map-type") == "atomic":
                    words[field] += " elements=whole"
        own = described.get("x-kubernetes-map-type")
        if (own or referred(schemas, described).get("x-kubernetes-map-type")) == "atomic":
            words[field] = "whole"
    return words


def referred(schemas: dict, described: dict) -> dict:
    """The schema that one refers to, be it inside an ``allOf``; {} when it refers to none."""
    reference = described.get("$ref") or described.get("allOf", [{}])[0].get("$ref", "")
    return schemas.get(reference.rpartition("/")[2], {})


def main(modules: str, version: str, kubeconfig: str) -> None:
    table = Table(Path(modules), version)
    groups = [f"k8s.io/api/{path}" for paths in GROUPS.values() for path in paths.split()]
    for path in [*groups, EXTENSIONS]:
        package = table.package(path)
        for name, lines in package.structs.items():
            if any(go.endswith("TypeMeta") for _, go, _ in lines) and not name.endswith("List"):
                table.add(package, name)
    table.add(table.package(META), "DeleteOptions")
    schemas = openapi(kubeconfig)
    for name in list(table.messages):
        for field, word in apply_words(schemas, name).items():
            fields = table.holder(name, field)
            fields[field] = f"{fields[field].removesuffix(f' {word}')} {word}"
    rows = [
        f"{json.dumps(name)}: {json.dumps(fields, separators=(',', ':'))}"
        for name, fields in sorted(table.messages.items())
    ]
    (DATA / "fields.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    text = json.dumps(schemas, separators=(",", ":")).encode()
    (DATA / "openapi.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
