"""Starts ministack as the tests need it. It deploys nothing: `deploy.py` does.

Two things differ from how it comes: the groups of a FIFO queue run side by side, as on AWS, and a schedule is looked at
every second. It ends when its standard input does, so that it never outlives the test that started it.
"""

import os
import signal
import sys
import threading

import ministack.services.lambda_svc as functions
import ministack.services.scheduler as scheduler
from ministack.app import main

usual_concurrency = functions._sqs_esm_concurrency


def concurrency(mapping, function, config, queue=None):
    # Sound for a batch size of one only: a group with a message in flight is never handed out.
    if (queue or {}).get("is_fifo") and mapping.get("BatchSize") == 1:
        queue = None
    return usual_concurrency(mapping, function, config, queue)


def end_with_standard_input():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


functions._sqs_esm_concurrency = concurrency
scheduler._SCHEDULE_TICK_INTERVAL = 1.0
threading.Thread(target=end_with_standard_input, daemon=True).start()
main()
