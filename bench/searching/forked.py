"""Trainings in forks of a process that has TensorFlow loaded: the same answers, byte for byte, at a third of the price.

The product's trainer starts a fresh interpreter for each training, and most of a short training is then the import of
TensorFlow. Here every evaluation counts the same whatever it costs, so the import is paid once; `orders`, where seconds
count, has the product's own. Linux only.
"""

from __future__ import annotations

import multiprocessing
import traceback
from multiprocessing.connection import Connection

from mlforge.errors import ForgeError, TrainingError
from mlforge.toolchain.sources import cache_directory
from mlforge.training import worker
from mlforge.training.request import Watch
from mlforge.training.trainer import Trainer

_FORK = multiprocessing.get_context("fork")


class ForkedTrainer(Trainer):
    """Not for several threads, and not for watched trainings. Loads TensorFlow into this process."""

    def warm(self) -> None:
        home = cache_directory() / "keras"
        home.mkdir(parents=True, exist_ok=True)
        worker._environment(str(home))
        import mlforge.training.fit
        import mlforge.training.quantise  # noqa: F401

    def _do(self, job: worker.Job, watch: Watch | None = None) -> worker.Answer:
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=_answer, args=(job, theirs))
        process.start()
        theirs.close()
        try:
            if not ours.poll(self._timeout_s):
                raise TrainingError(f"the worker was still training after {self._timeout_s:g} s and was stopped")
            answer = ours.recv()
        except EOFError as error:
            raise TrainingError("the worker died while training") from error
        finally:
            process.kill()
            process.join()
            ours.close()
        if isinstance(answer, worker.Refusal):
            raise TrainingError(answer.reason)
        return answer


def _answer(job: worker.Job, jobs: Connection) -> None:
    try:
        answer = worker._do(job, jobs)
    except ForgeError as error:
        answer = worker.Refusal(str(error), expected=True)
    except Exception as error:
        traceback.print_exc()
        answer = worker.Refusal(f"{type(error).__name__}: {error}", expected=False)
    jobs.send(answer)
