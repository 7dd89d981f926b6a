"""The command ``patternbook``, run as a process."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from patternbook.cli import COMMANDS, main
from patternbook.rules import EVERY_RULE
from tests.rules.cases.base import REMOVED, TODAY, changed, document
from tests.rules.cases.ecs import FARGATE
from tests.rules.cases.eks import CLUSTER

COMMAND = Path(sys.executable).parent / "patternbook"


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.json"
    path.write_text(json.dumps(document(FARGATE)), encoding="utf-8")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "a folder" / "broken.json"
    path.parent.mkdir()
    path.write_text(
        json.dumps(
            document(changed({**FARGATE, **CLUSTER}, {"Task.Memory": "700", "Cluster.Logging": REMOVED})), indent=1
        ),
        encoding="utf-8",
    )
    return path


@pytest.fixture
def garbage(tmp_path: Path) -> Path:
    path = tmp_path / "garbage"
    path.write_bytes(b"\xff")
    return path


def test_the_status_is_0_without_findings(clean: Path) -> None:
    result = run("check", clean)
    assert (result.returncode, result.stdout, result.stderr) == (0, "0 findings in 1 template\n", "")


def test_the_status_is_1_with_findings(clean: Path, broken: Path) -> None:
    result = run("check", clean, broken)
    assert (result.returncode, result.stderr) == (1, "")
    first, second, summary = result.stdout.strip().split("\n\n")
    assert first.splitlines() == [
        f"{broken}:3: error ecs-fargate-size",
        "  Task (AWS::ECS::TaskDefinition), Memory",
        "  Fargate does not offer this combination of CPU and memory.",
        "  Fargate does not offer 700 MiB with 256 CPU units; it offers 512, 1024, 2048.",
        "  Choose a combination from the table in the document.",
        "  https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
    ]
    assert "warning eks-logs-off" in second
    assert summary == "2 findings in 2 templates"


def test_the_status_is_2_if_a_file_is_not_a_template(clean: Path, broken: Path, garbage: Path) -> None:
    result = run("check", clean, garbage, broken, "missing.yaml")
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"{garbage}: not a template: not UTF-8: byte 0 is 0xff",
        "missing.yaml: not a template: No such file or directory",
    ]
    assert "2 findings in 2 templates" in result.stdout, "the other files are checked"


def test_a_dash_reads_standard_input(broken: Path) -> None:
    def check(content: bytes) -> tuple[int, str, str]:
        command = [str(COMMAND), "check", "-"]
        result = subprocess.run(command, input=content, capture_output=True, check=False, timeout=60)
        return result.returncode, result.stdout.decode(), result.stderr.decode()

    status, output, _ = check(broken.read_bytes())
    assert (status, output.splitlines()[0]) == (1, "-:3: error ecs-fargate-size")
    assert check(b"")[::2] == (2, "-: not a template: a template must be an object with Resources, got nothing\n")


@pytest.mark.parametrize("arguments", [(), ("check",), ("check", "--format", "xml", "a"), ("nonsense",)])
def test_the_status_is_2_for_invalid_arguments(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert "usage: patternbook" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_json_format(broken: Path, garbage: Path) -> None:
    result = run("check", "--format", "json", broken, garbage)
    assert result.returncode == 2
    output: dict[str, Any] = json.loads(result.stdout)
    assert [each["rule"] for each in output["findings"]] == ["ecs-fargate-size", "eks-logs-off"]
    assert output["findings"][0] == {
        "file": str(broken),
        "line": 3,
        "rule": "ecs-fargate-size",
        "severity": "error",
        "resource": "Task",
        "type": "AWS::ECS::TaskDefinition",
        "path": ["Memory"],
        "summary": "Fargate does not offer this combination of CPU and memory.",
        "message": "Fargate does not offer 700 MiB with 256 CPU units; it offers 512, 1024, 2048.",
        "fix": "Choose a combination from the table in the document.",
        "source": "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
    }
    assert output["errors"] == [{"file": str(garbage), "message": "not UTF-8: byte 0 is 0xff"}]


def test_the_sarif_format(broken: Path, garbage: Path) -> None:
    """GitHub requires these properties:
    https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support
    """
    log = json.loads(run("check", "--format", "sarif", broken, garbage).stdout)
    assert (log["version"], log["$schema"].rsplit("/", 1)[1]) == ("2.1.0", "sarif-schema-2.1.0.json")
    (one,) = log["runs"]
    assert one["tool"]["driver"]["version"] == metadata.version("patternbook")
    assert one["tool"]["driver"]["informationUri"].startswith("https://")
    rules = one["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in EVERY_RULE]
    assert all(rule["shortDescription"]["text"] and rule["helpUri"].startswith("https://") for rule in rules)
    first = one["results"][0]
    assert (first["ruleId"], first["level"]) == ("ecs-fargate-size", "error")
    (location,) = first["locations"]
    physical = location["physicalLocation"]
    assert physical["region"] == {"startLine": 3}
    assert physical["artifactLocation"]["uri"].endswith("/a%20folder/broken.json")
    (invocation,) = one["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "not UTF-8" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_a_template_cannot_control_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "hostile.json"
    hostile = changed(FARGATE, {"Task.Cpu": "700"})
    path.write_text(json.dumps(document({"\x1b[2J\ud800\n": hostile["Task"]})), encoding="utf-8")
    result = run("check", path, LC_ALL="C")
    assert result.returncode == 1, result.stderr
    assert "\\x1b[2J\\ud800" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_template_with_a_macro_is_not_checked(tmp_path: Path) -> None:
    path = tmp_path / "macro.yaml"
    path.write_text("Transform: Mine\nResources: {A: {Type: 'AWS::EKS::Cluster'}}", encoding="utf-8")
    result = run("check", path)
    assert (result.returncode, result.stdout) == (3, "0 findings in 1 template, 1 not checked\n")
    assert result.stderr == f"{path}: not checked, because the macro 'Mine' may rewrite the whole template\n"
    assert run("check", "--allow-unchecked", path).returncode == 0
    output = json.loads(run("check", "--format", "json", path).stdout)
    assert output["unchecked"] == [{"file": str(path), "message": "the macro 'Mine' may rewrite the whole template"}]
    log = json.loads(run("check", "--format", "sarif", path).stdout)
    (notification,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert notification["level"] == "warning"
    assert "not checked, because the macro 'Mine'" in notification["message"]["text"]


def test_what_sam_makes_otherwise_is_said_to_be_unchecked(tmp_path: Path) -> None:
    path = tmp_path / "sam.yaml"
    path.write_text("Transform: AWS::Serverless-2016-10-31\nResources: {Api: {Type: 'AWS::Serverless::Api'}}", "utf-8")
    result = run("check", path)
    assert (result.returncode, result.stdout) == (0, "0 findings in 1 template\n")
    assert "Api: the resources that SAM makes of AWS::Serverless::Api are not checked" in result.stderr
    output = json.loads(run("check", "--format", "json", path).stdout)
    assert "AWS::Serverless::Api" in output["notices"][0]["message"]


def test_a_duplicate_key_is_a_warning_and_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("Resources: {A: {Type: X, Type: Y}}", encoding="utf-8")
    result = run("check", path)
    assert (result.returncode, result.stdout) == (0, "0 findings in 1 template\n")
    assert "warning: the key 'Type' is twice in one object, in line 1; the last one counts" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "rules"),
    [
        ((), 1, {"ecs-fargate-size", "eks-logs-off"}),
        (("--severity", "error"), 1, {"ecs-fargate-size"}),
        (("--rule", "eks-logs-off"), 1, {"eks-logs-off"}),
        (("--rule", "eks-logs-off", "--fail-on", "error"), 0, {"eks-logs-off"}),
        (("--rule", "eks-logs-off", "--rule", "ecs-fargate-size"), 1, {"ecs-fargate-size", "eks-logs-off"}),
        (("--ignore", "ecs-fargate-size"), 1, {"eks-logs-off"}),
        (("--ignore", "ecs-fargate-size,eks-logs-off"), 0, set()),
        (("--fail-on", "never"), 0, {"ecs-fargate-size", "eks-logs-off"}),
    ],
)
def test_options_choose_what_is_reported_and_what_fails(
    arguments: tuple[str, ...], status: int, rules: set[str], broken: Path
) -> None:
    result = run("check", "--format", "json", *arguments, broken)
    assert result.returncode == status
    assert {each["rule"] for each in json.loads(result.stdout)["findings"]} == rules


@pytest.mark.parametrize("option", ["--rule", "--ignore"])
def test_an_unknown_rule_is_refused_with_the_closest_one(option: str, broken: Path) -> None:
    result = run("check", option, "ecs-fargat-size", broken)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "patternbook: no rule has the id 'ecs-fargat-size'. Did you mean 'ecs-fargate-size'?\n"


def test_advice_is_reported_but_does_not_fail() -> None:
    path = Path(__file__).parent / "cases" / "reported" / "false" / "exclusive-parameters.yaml"
    result = run("check", path)
    assert result.returncode == 0
    assert "advice ecs-fargate-size" in result.stdout
    assert result.stdout.endswith("0 findings and 1 piece of advice in 1 template\n")
    assert run("check", "--fail-on", "advice", path).returncode == 1
    assert run("check", "--severity", "warning", path).stdout == "0 findings in 1 template\n"
    log = json.loads(run("check", "--format", "sarif", path).stdout)
    assert [each["level"] for each in log["runs"][0]["results"]] == ["note"]


class TestPaths:
    def test_a_folder_is_searched_for_templates(self, clean: Path, broken: Path) -> None:
        folder = clean.parent
        (folder / "package.json").write_text('{"name": "x", "version": "1"}', encoding="utf-8")
        (folder / "notes.md").write_text("Resources:", encoding="utf-8")
        (folder / "node_modules").mkdir()
        (folder / "node_modules" / "broken.json").write_bytes(broken.read_bytes())
        result = run("check", folder)
        assert (result.returncode, result.stderr) == (1, "")
        assert result.stdout.endswith("2 findings in 2 templates\n")

    def test_a_broken_template_in_a_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "broken.yaml").write_text("Resources:\n  A:\n    Type: AWS::X\n   B: c\n", encoding="utf-8")
        result = run("check", tmp_path)
        assert result.returncode == 2
        assert "broken.yaml: not a template: neither JSON nor YAML" in result.stderr

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        result = run("check", tmp_path)
        assert result.returncode == 2
        assert "the folder has no file that ends with .json, .yaml, .yml, .template" in result.stderr

    @pytest.mark.usefixtures("broken")
    def test_a_pattern_names_files(self, clean: Path) -> None:
        result = run("check", f"{clean.parent}/**/*.json")
        assert (result.returncode, result.stderr) == (1, "")
        assert result.stdout.endswith("2 findings in 2 templates\n")
        nothing = run("check", f"{clean.parent}/*.yaml")
        assert nothing.returncode == 2
        assert "no file matches the pattern" in nothing.stderr

    def test_files_that_are_no_templates_can_be_passed_over(self, broken: Path, garbage: Path, tmp_path: Path) -> None:
        (tmp_path / "broken.yaml").write_text("Resources:\n  A:\n    Type: AWS::X\n   B: c\n", encoding="utf-8")
        result = run("check", "--only-templates", broken, garbage)
        assert (result.returncode, result.stderr) == (1, "")
        assert run("check", "--only-templates", tmp_path / "broken.yaml").returncode == 2
        assert run("check", "--only-templates", garbage).stdout == "No templates\n"

    def test_the_hook_for_pre_commit_runs_the_command(self) -> None:
        path = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
        (hook,) = yaml.safe_load(path.read_text(encoding="utf-8"))
        command, *arguments = hook["entry"].split()
        assert command == "patternbook"
        assert run(*arguments, str(path)).returncode == 0


class TestPyproject:
    def check(self, folder: Path, section: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (folder / "pyproject.toml").write_text(section, encoding="utf-8")
        below = folder / "below"
        below.mkdir(exist_ok=True)
        command = [str(COMMAND), "check", *arguments]
        return subprocess.run(command, cwd=below, capture_output=True, text=True, check=False, timeout=60)

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no tomllib")
    def test_the_section_sets_options_that_the_command_line_beats(self, tmp_path: Path, broken: Path) -> None:
        section = '[tool.patternbook]\nignore = ["eks-logs-off"]\nfail-on = "never"\n'
        result = self.check(tmp_path, section, str(broken))
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.endswith("1 finding in 1 template\n")
        assert self.check(tmp_path, section, "--fail-on", "error", str(broken)).returncode == 1

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no tomllib")
    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("fail_on = 'error'", "[tool.patternbook] has no key 'fail_on'; it has fail-on."),
            (
                "fail-on = 'info'",
                "fail-on in [tool.patternbook] must be one of error, warning, advice, never, got 'info'.",
            ),
            ("ignore = 'eks-logs-off'", "ignore in [tool.patternbook] must be a list of rules, got 'eks-logs-off'."),
            ("ignore = ['eks-log-off']", "no rule has the id 'eks-log-off'. Did you mean 'eks-logs-off'?"),
            ("ignore = [", "cannot be read"),
        ],
    )
    def test_a_wrong_section_is_refused(self, line: str, message: str, tmp_path: Path, clean: Path) -> None:
        result = self.check(tmp_path, f"[tool.patternbook]\n{line}\n", str(clean))
        assert (result.returncode, result.stdout) == (2, "")
        assert message in result.stderr
        assert "Traceback" not in result.stderr

    def test_a_file_without_the_section_is_ignored(self, tmp_path: Path, clean: Path) -> None:
        assert self.check(tmp_path, "[tool.other]\nbroken", str(clean)).returncode == 0


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"patternbook {metadata.version('patternbook')}\n"


def test_a_closed_pipe_is_no_error(broken: Path) -> None:
    process = subprocess.Popen(
        [str(COMMAND), "check", *[str(broken)] * 500], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 1


def test_findings_depend_on_the_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps(document(CLUSTER)), encoding="utf-8")
    assert main(["check", str(path)], today=TODAY) == 0
    assert main(["check", str(path)], today=TODAY.replace(year=TODAY.year + 5)) == 1
    assert "eks-version-ended" in capsys.readouterr().out


def test_findings_depend_on_the_region(tmp_path: Path) -> None:
    path = tmp_path / "certificate.yaml"
    path.write_text(
        "Resources:\n"
        "  Certificate: {Type: 'AWS::CertificateManager::Certificate'}\n"
        "  Distribution:\n"
        "    Type: AWS::CloudFront::Distribution\n"
        "    Properties:\n"
        "      DistributionConfig: {ViewerCertificate: {AcmCertificateArn: !Ref Certificate}}\n",
        encoding="utf-8",
    )
    assert run("check", path).returncode == 0
    assert "cloudfront-certificate-region" in run("check", "--region", "eu-west-1", path).stdout


def test_rules_lists_each_rule_with_severity_and_source() -> None:
    output = run("rules").stdout
    for rule in EVERY_RULE:
        assert f"  {rule.id} ({rule.severity.value})\n    {rule.summary}\n    {rule.fix}\n    {rule.source}\n" in output


def test_checking_json_imports_no_cdk_no_yaml_parser_and_no_other_command(clean: Path) -> None:
    program = "import sys; from patternbook.cli import main; main(['check', sys.argv[1]]); print(*sorted(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", program, str(clean)], capture_output=True, text=True, check=False, timeout=60
    )
    modules = result.stdout.splitlines()[-1].split()
    assert not {each.partition(".")[0] for each in modules} & {
        "aws_cdk",
        "jsii",
        "pydantic",
        "yaml",
        "cfnlint",
        "boto3",
    }
    ours = {each.split(".")[1] for each in modules if each.startswith("patternbook.") and "._" not in each}
    assert ours == {"cli", "limits", "rules"}, result.stderr


@pytest.mark.parametrize("words", [["check"], ["nope"]])
def test_a_message_names_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*words, "--nope", "x"])
    usage = capsys.readouterr().err.partition("...")[0]
    every = [name for names in COMMANDS.values() for name in names]
    assert usage.split() == ["usage:", "patternbook", "[-h]", "[--version]", f"{{{','.join(every)}}}"]


@pytest.mark.parametrize("command", [name for names in COMMANDS.values() for name in names])
def test_each_command_is_there_with_a_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: patternbook {command} ")
