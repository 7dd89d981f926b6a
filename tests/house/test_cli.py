"""Runs the commands of the README with the pinned CDK CLI."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import app
from rehearsal.account import isolated_environment
from tests.house.commands import BIN, ROOT, run

README = (ROOT / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(not (BIN / "cdk").exists(), reason="the CDK CLI is not installed here: run make setup")


def test_the_cli_is_the_pinned_one() -> None:
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    assert run(["cdk", "--version"]).stdout.startswith(f"{pinned} ")


def test_mistakes_end_cdk_synth_with_status_1_one_message_and_no_template(tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = {
        "posture": "production",
        "FargateEfsStack.cpu": "512",
        "FargateEfsStack.min_tasks": "9",
        "EcrStak.x": "1",
        "FargateEfsStack.alarm_email": "nobody",
    }
    arguments = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    result = run(["cdk", "synth", "--quiet", "--output", str(out), *arguments])
    assert result.returncode == 1
    assert result.stderr.count("no template was written") == 1
    for path in ("posture", "EcrStak.x", "FargateEfsStack.memory_mib", "FargateEfsStack.max_tasks"):
        assert f"  {path} = " in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not list(out.glob("*"))


def test_a_cdk_json_that_is_not_json_ends_cdk_synth_with_status_1(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text("{ not json", encoding="utf-8")
    result = run(["cdk", "synth"], cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("cdk.json: ")
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cdk.json"]


def commands(markdown: str) -> list[str]:
    """The command lines of all ``sh`` blocks without comments, and the ``make`` commands in the text."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [*filter(None, lines), *re.findall(r"`(make \w+)`", markdown)]


PRODUCTION = (
    'make synth STAGE=production ARGS="-c EveryStack.allow_plain_http=true -c EveryStack.allow_silent_alarms=true '
    '-c EveryStack.allow_localhost_callback=true"'
)
# CI runs these, by these lines of these files. In a test, each would run the tests again.
BY_CI = {
    "make check": (".ci/run", r"\s*make .*\bcheck( .*)?"),
    "make synth": ("Makefile", r"\t\$\(MAKE\) synth"),
    "make test": ("Makefile", r"check: .*\btest\b.*"),
    "make nightly": (".github/workflows/nightly.yml", r"\s*- run: make nightly"),
    "make rehearse": ("Makefile", r"check: .*\brehearse\b.*"),
    "pytest": ("Makefile", r"\t@\$\(RUN\) pytest \$\(if \$\(filter check,\$\(MAKECMDGOALS\)\),,--numprocesses.*\)"),
    PRODUCTION: (
        "Makefile",
        r"\t\$\(MAKE\) synth STAGE=production .*"
        r'ARGS="-c EveryStack\.allow_plain_http=true -c EveryStack\.allow_silent_alarms=true '
        r'-c EveryStack\.allow_localhost_callback=true"',
    ),
}
# These install the project, or have other tests. The tests of the last two are in tests/rehearsal.
NOT_RUN = {
    "git clone <this repository> patternbook && cd patternbook",
    "source .venv/bin/activate",
    "make rehearse STACK=FargateEfsStack",
    "make rehearsal",
    "make verify",
    "make preflight",  # without a stack; test_make runs it with one
    "make leftovers",  # test_make runs it with a Region
    "make drawings",  # test_drawings makes the pictures
    "make site",  # the tests of the site build it
}
# These need an account. Without credentials they fail before they call AWS.
WANT_AN_ACCOUNT = re.compile(r"cdk (deploy|destroy|bootstrap)")
OFFLINE = re.compile(r"cdk (synth|list)|make (help|settings|synth)")
STACKS = {pattern.__name__ for pattern in app.PATTERNS}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize(("file", "line"), BY_CI.values(), ids=BY_CI)
def test_ci_runs_the_commands_that_tests_leave_out(file: str, line: str) -> None:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    assert any(re.fullmatch(line, each) for each in lines)


def test_activation_puts_the_pinned_cli_on_the_path() -> None:
    result = run(
        ["sh", "-c", ". .venv/bin/activate && command -v cdk && command -v node && cdk --version"], PATH="/usr/bin:/bin"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[:2] == [str(BIN / "cdk"), str(BIN / "node")]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One pattern, synthesized once for the commands of the README that change no setting."""
    folder = tmp_path_factory.mktemp("assembly")
    command = ["cdk", "synth", "--quiet", "-c", "patterns=FargateEfsStack", "--output", str(folder)]
    result = run(command, CDK_VALIDATION="false")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.parametrize("command", sorted({*commands(README)} - BY_CI.keys() - NOT_RUN))
def test_every_command_of_the_readme(command: str, assembly: Path, tmp_path: Path) -> None:
    """If a command names a stack, the app is limited to this stack."""
    words = shlex.split(command)
    if command.startswith("make verify"):
        result = run(words)
        assert (result.returncode, "There are no AWS credentials" in result.stdout) == (2, True)
        return
    if command.startswith("patternbook copy"):
        result = run([*words[:-1], str(tmp_path / "copy")])
        assert (result.returncode, (tmp_path / "copy" / "app.py").is_file()) == (0, True), result.stderr
        return
    named = [word.rpartition("/")[2] for word in words if word.rpartition("/")[2] in STACKS]
    limit = ["-c", f"patterns={','.join(named) or 'EcrStack'}"] if words[0] == "cdk" else []
    if WANT_AN_ACCOUNT.match(command):
        flags = (
            ["--force"] if words[1] == "destroy" else ["--require-approval", "never"] if words[1] == "deploy" else []
        )
        assert "-c" not in words, "It needs a synthesis of its own."
        result = run([*words, *flags, "--app", str(assembly), "--output", str(tmp_path)])
        assert result.returncode == 1, result.stdout
        assert "Settings:" not in result.stderr
        assert re.search(r"credentials|Unable to (resolve|determine).*(account|environment)", result.stderr, re.I), (
            result.stderr
        )
        return
    assert OFFLINE.match(command), f"No test runs {command!r}. Add it to one of the lists."
    output = ["--output", str(tmp_path)] if words[0] == "cdk" else [f"OUT={tmp_path}"]
    if words[0] == "cdk" and "-c" not in words:
        limit = ["--app", str(assembly)]
    result = run([*words, *limit, *output], CDK_VALIDATION="false")  # `make templates` validates
    assert result.returncode == 0, result.stderr
    assert result.stdout


def test_make_synth_prints_warnings_and_the_summary(tmp_path: Path) -> None:
    result = run(["make", "synth", f"OUT={tmp_path}", "ARGS=-c patterns=EcrStack,AppRunnerStack"])
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Stack ")
    assert [result.stdout.count(stack) for stack in ("\nEcrStack ", "\nAppRunnerStack ")] == [1, 1]
    assert [result.stdout.count(page) for page in ("docs/ecr.md", "docs/app-runner.md")] == [1, 1]
    assert "make explain STACK=AppRunnerStack\n" in result.stdout
    assert result.stderr.count("WARNING") == 1
    assert "stack id" not in result.stdout + result.stderr


class TestStages:
    """Stages in commands of the CDK CLI."""

    CHOSEN = (
        *("-c", "stages=production", "-c", "patterns=FargateEfsStack,AppRunnerStack,EcrStack"),
        *("-c", "EveryStack.alarm_email=ops@example.com"),
    )

    @pytest.fixture(scope="class")
    def production(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A stage with a stack that misses a requirement, one that warns, and one without either."""
        folder = tmp_path_factory.mktemp("production")
        result = run(["cdk", "list", *self.CHOSEN, "--output", str(folder)])
        assert result.returncode == 0, result.stderr
        return folder

    def synth(self, stack: str, production: Path, outdir: Path) -> subprocess.CompletedProcess[str]:
        return run(["cdk", "synth", stack, "--quiet", "--app", str(production), "--output", str(outdir)])

    def test_a_stack_that_misses_a_requirement_is_refused_with_one_message(
        self, production: Path, tmp_path: Path
    ) -> None:
        result = self.synth("production/FargateEfsStack", production, tmp_path)
        assert result.returncode == 1
        assert (result.stdout + result.stderr).count("certificate_arn") == 1

    def test_a_warning_is_about_the_named_stack(self, production: Path, tmp_path: Path) -> None:
        result = self.synth("production/AppRunnerStack", production, tmp_path)
        assert result.returncode == 0, result.stderr
        assert (result.stdout + result.stderr).count("App Runner takes no new customers") == 1

    def test_another_stack_prints_nothing_about_them(self, production: Path, tmp_path: Path) -> None:
        result = self.synth("production/EcrStack", production, tmp_path)
        assert result.returncode == 0, result.stderr
        assert "Stack" not in result.stderr, result.stderr

    def test_the_stage_of_the_readme_needs_no_credentials(self, tmp_path: Path) -> None:
        """Its account and Region are known, and the CDK would look up the AZs there."""
        [example] = re.findall(r"^```json\n(\"stages\": .*?)^```$", README, re.MULTILINE | re.DOTALL)
        stages = json.dumps(json.loads(f"{{{example}}}")["stages"])
        chosen = ("-c", f"stages={stages}", "-c", "patterns=FargateEfsStack")
        command = ["cdk", "synth", "production/FargateEfsStack", "--output", str(tmp_path), *chosen]
        result = run(command, CDK_VALIDATION="false")
        assert result.returncode == 0, result.stderr
        assert "Patternbook (production): Fargate service" in result.stdout

    def test_a_stack_of_a_stage_needs_the_stage(self, assembly: Path, tmp_path: Path) -> None:
        result = self.synth("production/EcrStack", assembly, tmp_path)
        assert result.returncode == 1
        assert "No stacks match" in result.stderr

    def test_keys_of_other_tools_are_listed_once(self, tmp_path: Path) -> None:
        command = ["cdk", "list", "-c", "patterns=EcrStack", "-c", "costCenter=7", "--output", str(tmp_path)]
        result = run(command, CDK_VALIDATION="false")
        assert result.returncode == 0
        assert result.stderr.count("costCenter") == 1


class TestUsersFile:
    """The CDK CLI merges ``~/.cdk.json`` into the context of every app of a user."""

    def cdk(self, user_file: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
        (home / ".cdk.json").write_text(user_file, encoding="utf-8")
        environment = [f"{name}={value}" for name, value in isolated_environment(home).items()]
        environment.append("CDK_VALIDATION=false")
        return run(["env", *environment, "cdk", *arguments, "-c", "patterns=EcrStack", "--output", str(home / "out")])

    def test_its_keys_for_other_projects_are_named_once_and_its_settings_count(self, tmp_path: Path) -> None:
        company = dict.fromkeys(["name", "region", "env", "image", "cpu", "App"], "web")
        user_file = json.dumps({"context": {**company, "EcrStack": {"untagged_days": 123, "other_days": 234}}})
        typed = ("-c", 'EcrStack={"untagged_days": 321}')
        result = self.cdk(user_file, "synth", "EcrStack", *typed, home=tmp_path)
        assert result.returncode == 0, result.stderr
        names = ", ".join(f'"{key}"' for key in company)
        assert result.stderr.count(f"Context keys of ~/.cdk.json that no pattern knows are ignored: {names}.") == 1
        assert re.findall(r"321|123|234", result.stdout) == ["321", "234"]

    def test_a_mistake_in_it_names_it(self, tmp_path: Path) -> None:
        user_file = json.dumps({"context": {"posture": "production", "EcrStack.other_days": 0}})
        result = self.cdk(user_file, "list", "-c", "EcrStack:other_days=1", home=tmp_path)
        assert result.returncode == 1
        assert result.stderr.startswith("Settings: 3 mistakes; no template was written.")
        assert 'posture = "production"  (in ~/.cdk.json)' in result.stderr
        assert "EcrStack.other_days = 0  (in ~/.cdk.json)" in result.stderr
        assert 'EcrStack:other_days = "1"\n' in result.stderr

    def test_the_cli_itself_refuses_a_broken_one(self, tmp_path: Path) -> None:
        result = self.cdk("{ not json", "list", home=tmp_path)
        assert result.returncode == 1
        assert result.stderr.startswith(f"{tmp_path}/.cdk.json: ")
        assert "Traceback" not in result.stderr


def test_no_command_ignores_errors() -> None:
    """With ``--ignore-errors``, the CLI deploys a stack even if it has error annotations.

    Only ``make cost`` uses it. It reads the template of a stack that misses a requirement, and deploys nothing.
    """
    files = [ROOT / "Makefile", ROOT / "cdk.json", ROOT / ".ci/run", *PAGES]
    files += [*ROOT.glob(".github/workflows/*"), *ROOT.glob("tools/*.py"), *ROOT.glob("rehearsal/*.py")]
    files.remove(ROOT / "tools/cost.py")
    assert [path.name for path in files if "--ignore-errors" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_stacks_that_exist(page: Path) -> None:
    """Running the commands would not show this: ``cdk destroy`` of an unknown stack ends with status 0."""
    for command in commands(page.read_text(encoding="utf-8")):
        named = re.findall(r"(?<![\w.])(?:[a-z][\w-]*/)?(\w+Stack)(?:-[a-z0-9-]+)?(?![\w.])", command)
        assert {name for name in named if name != "EveryStack"} <= STACKS, command
