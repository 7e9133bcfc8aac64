"""The Slurm script, with fakes of Slurm, Ray and stiltune: what it starts and puts back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.deploy.manifests import DEPLOY
from tests.deploy.programs import Fakes

SCRIPT = DEPLOY / "slurm/study.sbatch"
# As `ray start --block`: it runs until it is told to end. What it could say of the token is noted.
RAY = """
case $1 in
start)
    token=$RAY_AUTH_TOKEN_PATH
    echo "mode $RAY_AUTH_MODE $(stat -c %a "$token") $(wc -c <"$token")" >>"$CALLED"
    echo "$*" >>"$CALLED.started"
    trap 'echo "ended $*" >>"$CALLED"; exit 0' TERM
    while true; do sleep 0.02; done ;;
health-check) [[ -e $CALLED.started ]] ;;
esac
"""
# It waits for the nodes, and says whether they came.
PYTHON = """
while [[ $(wc -l <"$CALLED.started") -lt $5 ]]; do sleep 0.02; done
exit ${NODES_MISSING:-0}
"""
SRUN = 'while [[ $1 == --* ]]; do shift; done\nexec "$@"'


class Job(Fakes):
    """A job of some nodes, under one number."""

    def __init__(self, directory: Path, nodes: int = 3) -> None:
        super().__init__(directory)
        self.storage = directory / "storage"
        self.add("srun", SRUN)
        self.add("ray", RAY)
        self.add("hostname", "echo 10.0.0.1 10.1.0.1")
        self.add("python", PYTHON)
        hosts = " ".join(f"node{number}" for number in range(1, nodes + 1))
        self.add("scontrol", f'[[ $1 != show ]] || printf "%s\\n" {hosts}')
        self.add_python("stiltune", (Path(__file__).parent / "fake_stiltune.py").read_text())
        self.environment |= {
            "SLURM_JOB_ID": "77", "SLURM_JOB_NODELIST": "node[1-3]", "SLURM_CPUS_PER_TASK": "8",
            "SLURM_SUBMIT_DIR": str(DEPLOY.parent), "STILTUNE_STORAGE": str(self.storage)}

    def begin(self, how: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", str(SCRIPT), *(arguments or ("lab",))], text=True, start_new_session=True,
            env=self.environment | {"FAKE": how} | environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def run(self, how: str, *arguments: str, **environment: str) -> int:
        process = self.begin(how, *arguments, **environment)
        process.communicate(timeout=60)
        return process.returncode

    def interrupted(self, *signals: signal.Signals, **environment: str) -> int:
        """Run until the search works, send signals to the script, return its exit code."""
        process = self.begin("waits", **environment)
        end = time.monotonic() + 60
        while "running" not in self.log.read_text():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.01)
        for number in signals:
            os.kill(process.pid, number)
            time.sleep(0.05)
        process.communicate(timeout=60)
        return process.returncode

    @property
    def requeued(self) -> list[str]:
        return [call for call in self.calls("scontrol") if call.startswith("requeue")]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job whose study ran to its end."""
    job = Job(tmp_path_factory.mktemp("job"))
    assert job.run("done", "lab", "--set", "resources.gpus=1", STILTUNE_PORTS="30000") == 0
    return job


def test_it_starts_ray_on_every_node_and_the_study_on_all(done: Job) -> None:
    head, *others = sorted((call for call in done.calls("ray") if call.startswith("start")),
                           key=lambda call: "--head" not in call)
    assert "--head --node-ip-address=10.0.0.1 --port=30000 " in head
    assert len(others) == 2
    assert all(call.startswith("start --address=10.0.0.1:30000 ") for call in others)
    where = [re.search(r"--nodelist=(\w+) ray start", call) for call in done.calls("srun")]
    assert sorted(found[1] for found in where if found) == ["node1", "node2", "node3"]
    (waited,) = done.calls("python")
    assert waited.split(" ", 1)[1] == "--address 10.0.0.1:30000 --nodes 3 --seconds 600"
    assert done.calls("stiltune") == [
        f"start lab --storage {done.storage} --address 10.0.0.1:30000 --set resources.gpus=1"]


def test_every_process_of_ray_has_the_token_and_nobody_sees_it(done: Job) -> None:
    assert done.calls("mode") == ["token 600 64"] * 3
    assert not re.search(r"[0-9a-f]{64}", done.log.read_text())
    assert not list((done.storage / ".runs").glob("*token*"))


def test_ports_are_fixed_and_the_dashboard_is_on_loopback(done: Job) -> None:
    starts = [call for call in done.calls("ray") if call.startswith("start")]
    for call in starts:
        ports = dict(re.findall(r"--([\w-]+-port)=(\d+)", call))
        assert {"node-manager-port", "object-manager-port", "runtime-env-agent-port",
                "dashboard-agent-grpc-port", "dashboard-agent-listen-port",
                "metrics-export-port", "min-worker-port", "max-worker-port"} <= ports.keys()
        used = [int(port) for port in ports.values()]
        assert len(set(used)) == len(used)
        assert all(30000 <= port < 31000 for port in used)
    (head,) = (call for call in starts if "--head" in call)
    assert "--dashboard-host=127.0.0.1" in head
    assert "--ray-client-server-port=30008" in head


def test_at_the_time_limit_the_search_is_told_once_and_the_job_goes_back(job: Job) -> None:
    assert job.interrupted(signal.SIGUSR1) == 130
    assert job.calls("told") == ["SIGTERM"]
    assert job.requeued == ["requeue 77"]


def test_the_requeued_job_goes_on_with_its_search(job: Job) -> None:
    job.interrupted(signal.SIGUSR1)
    assert job.run("done", SLURM_RESTART_COUNT="1") == 0
    assert [call.split(" --")[0] for call in job.calls("stiltune")] == [
        "start lab", "resume lab-1"]
    assert job.requeued == ["requeue 77"]  # and once it is done, never again


def test_what_slurm_ends_is_told_once_and_left_to_slurm(job: Job) -> None:
    assert job.interrupted(signal.SIGTERM) == 130
    assert job.calls("told") == ["SIGTERM"]
    assert job.requeued == []


def test_two_signals_are_one_wish(job: Job) -> None:
    assert job.interrupted(signal.SIGUSR1, signal.SIGTERM) == 130
    assert job.calls("told") == ["SIGTERM"]
    assert job.requeued == ["requeue 77"]


def test_what_is_done_is_not_put_back(done: Job) -> None:
    assert done.requeued == []


@pytest.mark.parametrize(("how", "code"), [("failed", 1), ("mistake", 2)])
def test_what_failed_is_not_put_back(job: Job, how: str, code: int) -> None:
    assert job.run(how) == code
    assert job.requeued == []


def test_it_is_not_put_back_for_ever(job: Job) -> None:
    assert job.interrupted(signal.SIGUSR1, SLURM_RESTART_COUNT="5", STILTUNE_RESTARTS="5") == 130
    assert job.requeued == []


def test_it_ends_its_own_ray_and_no_other(done: Job) -> None:
    assert len(done.calls("ended")) == 3
    assert not [call for call in done.calls("ray") if call.startswith("stop")]


def test_a_cluster_that_is_not_whole_runs_nothing(job: Job) -> None:
    assert job.run("done", NODES_MISSING="1") == 1
    assert job.calls("stiltune") == []
    assert job.requeued == []
    assert len(job.calls("ended")) == 3


def test_a_head_that_ends_at_once_ends_the_job(job: Job) -> None:
    job.add("ray", "exit 1")
    assert job.run("done") != 0
    assert job.calls("stiltune") == []


def test_an_address_that_others_do_not_reach_is_refused(job: Job) -> None:
    job.add("hostname", "echo 127.0.1.1")
    process = job.begin("done")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "STILTUNE_HEAD_ADDRESS" in errors
    assert job.calls("ray") == []


def test_one_node_needs_no_address(tmp_path: Path) -> None:
    job = Job(tmp_path, nodes=1)
    job.add("hostname", "echo 127.0.1.1")
    assert job.run("done") == 0


def test_nothing_is_submitted_without_a_storage(job: Job) -> None:
    assert job.run("done", STILTUNE_STORAGE="") == 2
    assert job.calls("srun") == []
