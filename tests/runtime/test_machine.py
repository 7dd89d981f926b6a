"""Runs the script that registers a machine with a cluster and deregisters it, with fakes of its tools."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "stacks/ecs_anywhere/runtime/machine.sh"
TOOLS = ("sh", "cat", "cp", "grep", "mkdir", "mktemp", "rm", "sed", "tail", "tr")
FINGERPRINT = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"
REGISTER = ("register", "eu-west-1", "shop")
OVERRIDE = "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true\n"
INSTANCE = "arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0a1b2c"
MANAGED = "mi-0a1b2c3d4e5f60718"

# Each fake tool appends its name and arguments to the file "calls". Then it runs a body.
FAKE_TOOL = """#!{sh}
echo "{name} $*" >>{calls}
{body}
"""
BODIES = {
    "id": "echo 0",
    "aws": """case "$*" in
*describe-clusters*) echo ACTIVE ;;
*create-activation*) printf 'id-1\\tcode-1\\n' ;;
*DRAINING*) echo DRAINING ;;
*describe-container-instances*) echo 0 ;;
esac""",
    "curl": f"""case "$*" in
*51678*) echo '{{"Cluster":"shop","ContainerInstanceArn":"{INSTANCE}","Version":"1.2"}}' ;;
*) for last; do :; done; while [ "$1" != -o ]; do shift; done; echo "from $last" >"$2" ;;
esac""",
    "gpg": f"""case "$*" in *--verify*)
echo "[GNUPG:] GOODSIG 50DECCC4710E61AF Amazon ECS <ecs-security@amazon.com>"
echo "[GNUPG:] VALIDSIG D64BB6F90CF377E9B5FB346F50DECCC4710E61AF 2026-01-01 0 0 4 0 1 10 00 {FINGERPRINT}" ;;
esac""",
    "bash": ":",
    "systemctl": ":",
    "docker": "",
    "apt-get": ":",
    "sleep": ":",
}


@dataclass
class Machine:
    """A fake machine: a root folder, and a folder with its tools."""

    root: Path
    tools: Path
    environment: dict[str, str] = field(default_factory=dict)

    def fake(self, name: str, body: str) -> None:
        path = self.tools / name
        text = FAKE_TOOL.format(sh=self.tools / "sh", name=name, calls=self.root / "calls", body=body)
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run(self, *arguments: str, script: Path = SCRIPT) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.tools),
            "DESTDIR": str(self.root),
            "TMPDIR": str(self.root / "tmp"),
            "HOME": str(self.root),
            **self.environment,
        }
        return subprocess.run(
            [str(self.tools / "sh"), str(script), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def called(self, beginning: str) -> list[str]:
        return [call for call in self.calls if call.startswith(beginning)]

    @property
    def config(self) -> Path:
        return self.root / "etc" / "ecs" / "ecs.config"

    def files(self) -> dict[str, str]:
        """The files of the machine, except for the record of calls."""
        return {
            str(path.relative_to(self.root)): path.read_text(encoding="utf-8") if path.is_file() else "a folder"
            for path in self.root.rglob("*")
            if path.name != "calls"
        }


@pytest.fixture(params=["sh", "bash"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    root, tools = tmp_path / "root", tmp_path / "bin"
    tools.mkdir()
    (root / "run" / "systemd" / "system").mkdir(parents=True)
    (root / "tmp").mkdir()
    for name in TOOLS:
        found = shutil.which(request.param if name == "sh" else name)
        if found is None:
            pytest.skip(f"{request.param if name == 'sh' else name} is not installed on this machine")
        (tools / name).symlink_to(found)
    made = Machine(root, tools)
    for name, body in BODIES.items():
        made.fake(name, body)
    return made


def fails(result: subprocess.CompletedProcess[str], *said: str) -> None:
    """Checks that the script failed with a message of one line, which contains all parts."""
    lines = result.stderr.splitlines()
    assert result.returncode == 1, result
    assert len(lines) == 1, lines
    assert lines[0].startswith("machine.sh: "), lines
    assert [part for part in said if part not in lines[0]] == [], lines


def registered(machine: Machine) -> Machine:
    """A machine on which both agents are registered."""
    machine.config.parent.mkdir(parents=True)
    machine.config.write_text(f"{OVERRIDE}ECS_CLUSTER=shop\n", encoding="utf-8")
    for folder in ("var/lib/ecs/data", "var/log/ecs", "var/log/amazon/ssm", "var/lib/amazon/ssm/Vault/Store"):
        (machine.root / folder).mkdir(parents=True)
        (machine.root / folder / "agent").write_text("of the agents", encoding="utf-8")
    key = machine.root / "var/lib/amazon/ssm/Vault/Store/RegistrationKey"
    key.write_text(f'{{"instanceID":"{MANAGED}","region":"eu-west-1"}}', encoding="utf-8")
    return machine


# Register


def test_registering_with_an_activation_needs_no_credentials(machine: Machine) -> None:
    (machine.tools / "aws").unlink()
    result = machine.run(*REGISTER, "id-9", "code-9")
    assert (result.returncode, result.stderr) == (0, "")
    [installed] = machine.called("bash ")
    assert installed.endswith(" --region eu-west-1 --cluster shop --activation-id id-9 --activation-code code-9")
    assert "registered with the cluster shop in eu-west-1" in result.stdout


@pytest.mark.parametrize(("there", "source"), [(True, "none"), (False, "all")])
def test_an_installed_docker_is_kept(machine: Machine, there: bool, source: str) -> None:
    if not there:
        (machine.tools / "docker").unlink()
    assert machine.run(*REGISTER, "id-9", "code-9").returncode == 0
    assert f" --docker-install-source {source} " in machine.called("bash ")[0]


def test_registering_with_a_role_creates_an_activation_for_one_machine(machine: Machine) -> None:
    assert machine.run(*REGISTER, "machines").returncode == 0
    [activation] = machine.called("aws ssm create-activation")
    for part in ("--iam-role machines ", "--registration-limit 1 ", "--region eu-west-1 "):
        assert part in activation
    [installed] = machine.called("bash ")
    assert installed.endswith("--activation-id id-1 --activation-code code-1")


def test_downloads_use_https_and_the_executed_file_is_verified(machine: Machine) -> None:
    assert machine.run(*REGISTER, "id-9", "code-9").returncode == 0
    downloads = machine.called("curl ")
    assert [call.split()[-1].rpartition("/")[2] for call in downloads] == [
        "ecs-anywhere-install-latest.sh",
        "ecs-anywhere-install-latest.sh.asc",
        "amazon-ecs-agent.gpg",
    ]
    assert all("--proto =https" in call and " https://" in call for call in downloads)
    [verified] = [call for call in machine.called("gpg ") if "--verify" in call]
    signature, script = verified.split()[-2:]
    assert signature == f"{script}.asc"
    assert machine.called("bash ")[0].split()[1] == script


def test_the_execution_role_writes_logs_before_the_agent_starts(machine: Machine) -> None:
    machine.fake("bash", f"cat {machine.config} >{machine.root}/seen")
    assert machine.run(*REGISTER, "id-9", "code-9").returncode == 0
    assert (machine.root / "seen").read_text(encoding="utf-8") == OVERRIDE


def test_an_existing_configuration_is_kept(machine: Machine) -> None:
    machine.config.parent.mkdir(parents=True)
    machine.config.write_text("ECS_LOGLEVEL=warn\n", encoding="utf-8")
    assert machine.run(*REGISTER, "id-9", "code-9").returncode == 0
    assert machine.config.read_text(encoding="utf-8") == f"ECS_LOGLEVEL=warn\n{OVERRIDE}"


def test_the_temporary_folder_is_empty_afterwards(machine: Machine) -> None:
    assert machine.run(*REGISTER, "machines").returncode == 0
    assert list((machine.root / "tmp").iterdir()) == []


def without(*tools: str) -> Callable[[Machine], None]:
    def spoil(machine: Machine) -> None:
        for tool in tools:
            (machine.tools / tool).unlink()

    return spoil


def with_tool(name: str, body: str) -> Callable[[Machine], None]:
    return lambda machine: machine.fake(name, body)


def aws_fails(call: str, message: str) -> Callable[[Machine], None]:
    """One call of the AWS CLI fails; the others answer as before."""
    body = f'case "$*" in *{call}*)\necho "" >&2; echo "{message}" >&2; exit 254 ;;\nesac\n{BODIES["aws"]}'
    return with_tool("aws", body)


def without_systemd(machine: Machine) -> None:
    (machine.root / "run" / "systemd" / "system").rmdir()


def gpg_says(*lines: str) -> Callable[[Machine], None]:
    said = "\n".join(f'echo "[GNUPG:] {line}"' for line in lines)
    return with_tool("gpg", f'case "$*" in *--verify*)\n{said or ":"} ;;\nesac')


OTHER_KEY = "0123456789ABCDEF0123456789ABCDEF01234567"
UNTOUCHED: dict[str, tuple[Callable[[Machine], object], tuple[str, ...]]] = {
    "not root": (with_tool("id", "echo 1000"), ("run this as root",)),
    "no AWS CLI": (without("aws"), ("aws is not installed",)),
    "no curl": (without("curl"), ("curl is not installed",)),
    "no gpg": (without("gpg"), ("gpg is not installed",)),
    "no systemd": (without_systemd, ("does not run systemd",)),
    "another Region": (
        with_tool("aws", 'case "$*" in *describe-clusters*) echo None ;; esac'),
        ("there is no active cluster shop in eu-west-1", "see the stack's outputs"),
    ),
    "no credentials": (
        aws_fails("describe-clusters", "Unable to locate credentials"),
        ("the cluster shop cannot be looked up in eu-west-1", "Unable to locate credentials"),
    ),
    "no network": (
        with_tool("curl", 'echo "curl: (6) Could not resolve host" >&2; exit 6'),
        ("cannot download https://amazon-ecs-agent.s3", "Could not resolve host"),
    ),
    "a bad signature": (with_tool("gpg", 'case "$*" in *--verify*) exit 1 ;; esac'), ("not signed by Amazon ECS",)),
    "a signature that gpg refuses all the same": (
        with_tool("gpg", f'{BODIES["gpg"]}\ncase "$*" in *--verify*) exit 2 ;; esac'),
        ("not signed by Amazon ECS",),
    ),
    "no signature that gpg takes for good": (
        gpg_says("EXPKEYSIG 50DE Amazon ECS", f"VALIDSIG D64B 0 0 0 4 0 1 10 00 {FINGERPRINT}"),
        ("not signed by Amazon ECS",),
    ),
    "somebody else's signature": (
        gpg_says("GOODSIG 50DE Amazon ECS", f"VALIDSIG D64B 0 0 0 4 0 1 10 00 {OTHER_KEY}"),
        ("not signed by Amazon ECS", FINGERPRINT),
    ),
    "a note in a signature that names the key": (
        gpg_says(
            "GOODSIG 50DE x", f"NOTATION_DATA VALIDSIG {FINGERPRINT}", f"VALIDSIG D 0 0 0 4 0 1 10 00 {OTHER_KEY}"
        ),
        ("not signed by Amazon ECS",),
    ),
    "no permission to activate": (
        aws_fails("create-activation", "AccessDeniedException: not authorized to perform iam:PassRole"),
        ("no activation for the role machines", "iam:PassRole"),
    ),
    "an activation without a code": (
        with_tool("aws", 'case "$*" in *create-activation*) echo id-1 ;; *) echo ACTIVE ;; esac'),
        ("no activation", "id-1"),
    ),
}


@pytest.mark.parametrize("trouble", UNTOUCHED)
def test_a_failed_registration_changes_nothing(machine: Machine, trouble: str) -> None:
    spoil, said = UNTOUCHED[trouble]
    spoil(machine)
    before = machine.files()
    fails(machine.run(*REGISTER, "machines"), *said)
    assert machine.called("bash ") == []
    assert machine.files() == before


@pytest.mark.parametrize("trouble", [name for name in UNTOUCHED if "activat" not in name])
def test_a_failed_registration_creates_no_activation(machine: Machine, trouble: str) -> None:
    UNTOUCHED[trouble][0](machine)
    machine.run(*REGISTER, "machines")
    assert machine.called("aws ssm create-activation") == []


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("eu-west", "eu-west is not an AWS Region"),
        ("shop", "shop is not an AWS Region"),
        ("cn-north-1", "not offered in the Regions of China"),
        ("", "is not an AWS Region"),
    ],
)
@pytest.mark.parametrize("verb", ["register", "deregister"])
def test_an_invalid_region_is_refused(machine: Machine, verb: str, region: str, said: str) -> None:
    rest = ["id-9", "code-9"] if verb == "register" else []
    fails(machine.run(verb, region, "shop", *rest), said)
    assert machine.calls == ["id -u"]


@pytest.mark.parametrize("region", ["us-gov-west-1", "ap-southeast-2"])
def test_regions_of_other_partitions_are_accepted(machine: Machine, region: str) -> None:
    assert machine.run("register", region, "shop", "id-9", "code-9").returncode == 0


def test_a_registered_machine_is_refused(machine: Machine) -> None:
    registered(machine)
    before = machine.files()
    fails(machine.run(*REGISTER, "machines"), "registered already", "ECS_CLUSTER=shop", "deregister it first")
    assert machine.files() == before


@pytest.mark.parametrize("own", [None, "ECS_LOGLEVEL=warn\n"])
def test_a_failed_installer_leaves_no_configuration_and_no_activation(machine: Machine, own: str | None) -> None:
    if own:
        machine.config.parent.mkdir(parents=True)
        machine.config.write_text(own, encoding="utf-8")
    machine.fake("bash", "exit 1")
    fails(machine.run(*REGISTER, "machines"), "the installer failed", "machine.sh purge")
    assert machine.config.exists() == bool(own)
    assert not own or machine.config.read_text(encoding="utf-8") == own
    [deleted] = machine.called("aws ssm delete-activation")
    assert deleted.endswith("--region eu-west-1 --activation-id id-1")


def test_a_given_activation_is_not_deleted(machine: Machine) -> None:
    machine.fake("bash", "exit 1")
    fails(machine.run(*REGISTER, "id-9", "code-9"), "the installer failed")
    assert machine.called("aws ") == []


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Signed files for a fake download, and the fingerprint of the key that the test has generated for them."""
    gpg = shutil.which("gpg")
    if gpg is None:
        pytest.skip("gpg is not installed on this machine")
    served = tmp_path_factory.mktemp("served")
    (served / "install.sh").write_text("#!/bin/bash\n", encoding="utf-8")
    # The agent of gpg listens on a socket in this folder. The path of a socket is limited to about 100 characters.
    with tempfile.TemporaryDirectory() as home:

        def run(*arguments: str) -> str:
            options = ["--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
            command = [gpg, *options, *arguments]
            return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

        run("--quick-generate-key", "ecs@example.com", "rsa2048", "sign", "never")
        run("--output", str(served / "install.sh.asc"), "--armor", "--detach-sign", str(served / "install.sh"))
        run("--output", str(served / "key"), "--armor", "--export")
        [own] = [line.split(":")[9] for line in run("--with-colons", "--fingerprint").splitlines() if line[:3] == "fpr"]
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=True, timeout=60)
        yield served, own


@pytest.mark.parametrize("what", ["sound", "changed", "signed by another"])
def test_gpg_verifies_the_signature(machine: Machine, signed: tuple[Path, str], tmp_path: Path, what: str) -> None:
    """Only the fingerprint in the script is replaced."""
    served, own = signed
    script = tmp_path / "machine.sh"
    text = SCRIPT.read_text(encoding="utf-8")
    script.write_text(text if what == "signed by another" else text.replace(FINGERPRINT, own), encoding="utf-8")
    evil = 'case "$2" in *.sh) echo evil >>"$2" ;; esac' if what == "changed" else ":"
    machine.fake("curl", f'while [ "$1" != -o ]; do shift; done; cat "{served}/${{2##*/}}" >"$2"; {evil}')
    (machine.tools / "gpg").unlink()
    (machine.tools / "gpg").symlink_to(str(shutil.which("gpg")))
    result = machine.run(*REGISTER, "id-9", "code-9", script=script)
    if what == "sound":
        assert (result.returncode, result.stderr) == (0, "")
        assert machine.called("bash ")
    else:
        fails(result, "the installer is not signed by Amazon ECS")
        assert machine.called("bash ") == []


# Deregister

DEREGISTER = ("deregister", "eu-west-1", "shop")


def test_deregistering_removes_registrations_agents_and_files(machine: Machine) -> None:
    registered(machine)
    result = machine.run(*DEREGISTER)
    assert (result.returncode, result.stderr) == (0, "")
    of_aws = [" ".join(call.split()[1:3]) for call in machine.called("aws ")]
    assert of_aws == [
        "ecs describe-clusters",
        "ecs update-container-instances-state",
        "ecs describe-container-instances",
        "ecs deregister-container-instance",
        "ssm deregister-managed-instance",
    ]
    assert f"--container-instance {INSTANCE} --force" in machine.called("aws ecs deregister")[0]
    assert f"--instance-id {MANAGED}" in machine.called("aws ssm deregister")[0]
    assert all("--region eu-west-1" in call for call in machine.called("aws "))
    assert machine.called("systemctl ") == ["systemctl stop ecs amazon-ssm-agent"]
    assert machine.called("apt-get ") == ["apt-get purge -y amazon-ecs-init amazon-ssm-agent"]
    left = {name for name, text in machine.files().items() if text != "a folder"}
    assert left == set()
    assert not (machine.root / "etc" / "ecs").exists()
    assert not (machine.root / "var" / "lib" / "amazon" / "ssm").exists()


def test_deregistering_waits_until_the_tasks_have_moved(machine: Machine) -> None:
    registered(machine)
    count = f"{machine.root}/tmp/looks"
    machine.fake(
        "aws",
        f'case "$*" in *describe-container-instances*) echo x >>{count}; '
        f'if [ "$(cat {count} | tr -d "\\n")" = xxx ]; then echo 0; else echo 2; fi ;;\n*) {BODIES["aws"]} ;;\nesac',
    )
    assert machine.run(*DEREGISTER).returncode == 0
    assert len(machine.called("sleep ")) == 2


def test_tasks_without_another_machine_prevent_deregistering(machine: Machine) -> None:
    registered(machine)
    machine.environment["DRAIN_SECONDS"] = "10"
    machine.fake("aws", f'case "$*" in *describe-container-instances*) echo 2 ;;\n*) {BODIES["aws"]} ;;\nesac')
    before = machine.files()
    fails(machine.run(*DEREGISTER), "2 tasks still run here after 10 seconds", "--force", "takes tasks as before")
    assert machine.called("aws ")[-1].endswith("--status ACTIVE")
    assert machine.called("aws ecs deregister") == []
    assert machine.files() == before


def test_force_stops_the_tasks(machine: Machine) -> None:
    registered(machine)
    machine.fake("docker", 'case "$*" in ps*) echo c1; echo c2 ;; esac')
    machine.fake("aws", f'case "$*" in *describe-container-instances*) echo 2 ;;\n*) {BODIES["aws"]} ;;\nesac')
    assert machine.run(*DEREGISTER, "--force").returncode == 0
    assert machine.called("docker stop") == ["docker stop c1 c2"]
    assert machine.called("docker ps") == ["docker ps --quiet --filter label=com.amazonaws.ecs.task-arn"]


def no_agent(machine: Machine) -> None:
    machine.fake("curl", "exit 7")


def no_registration(machine: Machine) -> None:
    (machine.root / "var/lib/amazon/ssm/Vault/Store/RegistrationKey").unlink()


STAYS: dict[str, tuple[Callable[[Machine], object], tuple[str, ...]]] = {
    "not root": (with_tool("id", "echo 1000"), ("run this as root",)),
    "no AWS CLI": (without("aws"), ("aws is not installed",)),
    "nothing to remove packages with": (without("apt-get"), ("no apt-get, dnf, yum or zypper",)),
    "another Region": (
        with_tool("aws", 'case "$*" in *describe-clusters*) echo None ;; esac'),
        ("there is no active cluster shop in eu-west-1",),
    ),
    "no agent": (no_agent, ("the ECS agent of this machine does not answer",)),
    "not of Systems Manager": (no_registration, ("not registered with Systems Manager",)),
    "of another cluster": (
        with_tool("aws", 'case "$*" in *describe-clusters*) echo ACTIVE ;; *DRAINING*) echo None ;; esac'),
        ("shop does not know this machine", INSTANCE),
    ),
    "no permission to drain": (
        aws_fails("DRAINING", "AccessDeniedException"),
        ("the tasks cannot be moved away", "AccessDeniedException"),
    ),
    "no permission to count": (
        aws_fails("describe-container-instances", "AccessDeniedException"),
        ("the tasks cannot be counted", "AccessDeniedException"),
    ),
    "no permission to deregister": (
        aws_fails("deregister-container-instance", "AccessDeniedException"),
        ("this machine stays in the cluster", "AccessDeniedException"),
    ),
}


@pytest.mark.parametrize("trouble", STAYS)
def test_a_failed_deregistration_changes_nothing(machine: Machine, trouble: str) -> None:
    registered(machine)
    spoil, said = STAYS[trouble]
    spoil(machine)
    before = machine.files()
    fails(machine.run(*DEREGISTER), *said)
    assert machine.files() == before
    assert machine.called("systemctl ") == []
    assert machine.called("aws ssm deregister") == []
    states = [call.split("--status ")[1].split()[0] for call in machine.called("aws ecs update")]
    drained = trouble in ("no permission to count", "no permission to deregister")
    assert states in (["DRAINING", "ACTIVE"],) if drained else states in ([], ["DRAINING"])


def test_a_failed_deregistration_from_systems_manager_is_reported(machine: Machine) -> None:
    registered(machine)
    aws_fails("deregister-managed-instance", "ThrottlingException")(machine)
    fails(machine.run(*DEREGISTER), "out of the cluster", "still in Systems Manager", MANAGED, "ThrottlingException")
    assert not any("ACTIVE" in call for call in machine.called("aws ecs update"))


@pytest.mark.parametrize(
    ("manager", "command"),
    [("dnf", "dnf remove -y"), ("yum", "yum remove -y"), ("zypper", "zypper remove -y")],
)
def test_the_agents_are_removed_by_any_package_manager(machine: Machine, manager: str, command: str) -> None:
    (machine.tools / "apt-get").unlink()
    machine.fake(manager, ":")
    assert machine.run("purge").returncode == 0
    assert machine.called(f"{manager} ") == [f"{command} amazon-ecs-init amazon-ssm-agent"]


def test_a_failed_removal_of_packages_is_reported(machine: Machine) -> None:
    registered(machine)
    machine.fake("apt-get", 'echo "E: Could not get lock"; exit 100')
    fails(machine.run("purge"), "apt-get cannot remove the agents", "Could not get lock")
    assert machine.config.exists()


@pytest.mark.parametrize(
    "arguments",
    [(), ("register",), ("register", "eu-west-1", "shop"), ("deregister", "eu-west-1"), ("purge", "all"), ("help",)],
)
def test_invalid_arguments_print_the_usage(machine: Machine, arguments: tuple[str, ...]) -> None:
    result = machine.run(*arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("machine.sh register REGION CLUSTER ACTIVATION_ID ACTIVATION_CODE")
    assert machine.calls == []


def test_an_unknown_option_is_refused(machine: Machine) -> None:
    registered(machine)
    fails(machine.run(*DEREGISTER, "--now"), "--now is no option; there is --force")


# The page of the demonstration


def test_the_demonstration_serves_a_page_with_the_container_id(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, body in {"hostname": "echo 0a1b2c", "httpd": 'echo "httpd $*"'}.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    script = SCRIPT.with_name("serve.sh").read_text(encoding="utf-8")
    result = subprocess.run(
        ["/bin/sh", "-c", script, "serve.sh", "8080", str(tmp_path)],
        env={"PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert result.stdout.splitlines() == ["serving on port 8080", f"httpd -f -v -p 8080 -h {tmp_path}"]
    assert "Container 0a1b2c serves this page" in (tmp_path / "index.html").read_text(encoding="utf-8")
