# SPDX-License-Identifier: Apache-2.0
"""Nothing that a run has started outlives it: not on an error, not on a signal, not when killed."""
import atexit
import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_running = set()


def die_with_driver():
    """For a child, before its program: the kernel kills it when the driver is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, **options):
    """A process with a group of its own; it is killed with the driver, and by stop()."""
    process = subprocess.Popen(
        [str(word) for word in command], start_new_session=True, preexec_fn=die_with_driver,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    _running.add(process)
    return process


def stop(process, number=signal.SIGKILL):
    """Ends a process of start(), and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, number)
    process.wait()
    _running.discard(process)


@atexit.register
def _stop_all():
    for process in list(_running):
        stop(process)


def _ended(number, _frame):
    # A second signal must not end the ending.
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def on_signals():
    """Lets SIGINT, SIGTERM and SIGHUP end the run by way of its `finally`s."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)
