#!/usr/bin/env python3
"""Writes Grafana's dashboards, deploy/grafana/dashboards/*.json.

scripts/dashboards.py            # writes them
scripts/dashboards.py --check    # says whether they are as this would write them (status 1 if not)
"""

import json
import sys
from pathlib import Path

from grafana_panels import GREEN, RED, THIS, YELLOW, dashboard, figure, lines, quantile, row, table, total, variable

FOLDER = Path(__file__).resolve().parents[1] / "deploy/grafana/dashboards"


def run():
    instance = f'{THIS}, instance=~"$instance", job!="riffle-monitor"'
    done = ["scored", "absorbed", "dead_lettered", "late_dropped", "muted", "released"]
    return dashboard(
        "riffle-run",
        "Riffle: run",
        "Does it keep up, does it deliver, would a restart be quick?",
        [
            variable("pipeline", "Pipeline", "label_values(riffle_partitions_assigned, pipeline)", several=False),
            variable(
                "instance", "Instance", f"label_values(riffle_partitions_assigned{{{THIS}}}, instance)", several=True
            ),
        ],
        [
            figure(
                "Alerts",
                "Rules of deploy/prometheus that fire now; docs/RUNBOOK.md has a section for each.",
                "none",
                'count(ALERTS{alertstate="firing", alertname=~"Riffle.*"}) or vector(0)',
                steps=(GREEN, (1, RED)),
                width=3,
            ),
            figure(
                "Instances",
                "Instances that own partitions; others are spares.",
                "none",
                f"count(riffle_partitions_assigned{{{THIS}}} > 0) or vector(0)",
                steps=(RED, (1, GREEN)),
                width=3,
            ),
            figure("Scored", "Events scored a second.", "eps", total("riffle_events_scored_total")),
            figure(
                "Lag",
                "Offsets between what is finished and the ends of the partitions.",
                "short",
                f"sum(riffle_consumer_lag_offsets{{{THIS}}})",
                steps=(GREEN, (10_000, YELLOW), (1_000_000, RED)),
            ),
            figure(
                "p99",
                "Of a hundred events one takes longer from its record to its score, last 5 minutes.",
                "s",
                f"histogram_quantile(0.99, sum by (le) (rate(riffle_event_to_score_seconds_bucket{{{THIS}}}[5m])))",
                steps=(GREEN, (1, YELLOW), (10, RED)),
                width=3,
            ),
            figure(
                "Dead letters",
                "Share of the events that could not be used, last 15 minutes.",
                "percentunit",
                f"sum(rate(riffle_events_dead_lettered_total{{{THIS}}}[15m])) "
                f"/ clamp_min(sum(rate(riffle_events_consumed_total{{{THIS}}}[15m])), 0.001)",
                steps=(GREEN, (0.01, YELLOW), (0.2, RED)),
                width=3,
            ),
            figure(
                "To rebuild",
                "Offsets that are still to be read until windows are whole; nothing is scored meanwhile.",
                "short",
                f"sum(riffle_restore_offsets{{{THIS}}} - riffle_restore_offsets_done{{{THIS}}}) or vector(0)",
                steps=(GREEN, (1, YELLOW)),
            ),
            row("The stream"),
            lines(
                "What became of events",
                "A second. Scored; absorbed: entered windows only, such as labels; muted: read again to "
                "rebuild windows; released: given up with a partition.",
                "eps",
                *((name.replace("_", " "), total(f"riffle_events_{name}_total")) for name in done),
                stacked=True,
            ),
            lines(
                "From event to score",
                "From the timestamp of an event's record until its score is on its way to the producer.",
                "s",
                *((f"p{int(share * 100)}", quantile(share, "riffle_event_to_score_seconds")) for share in (0.5, 0.99)),
            ),
            lines(
                "Lag by partition",
                "Offsets that wait. A backlog that shrinks is none.",
                "short",
                ("{{topic}}/{{partition}}", f"sum by (topic, partition) (riffle_consumer_lag_offsets{{{THIS}}})"),
            ),
            lines(
                "Dead letters by code",
                "A second. docs/RUNBOOK.md explains each code.",
                "eps",
                ("{{topic}}: {{code}}", total("riffle_dead_letters_total", "topic, code")),
            ),
            lines(
                "Waits of the merge",
                "Share of the time for which other partitions' events waited for this one, which was behind.",
                "percentunit",
                ("{{topic}}/{{partition}}", total("riffle_merge_wait_seconds_total", "topic, partition")),
            ),
            lines(
                "Late events",
                "A second, older than late.after, whatever became of them.",
                "eps",
                ("{{topic}}", total("riffle_events_late_total", "topic")),
            ),
            row("Delivery"),
            lines(
                "Commits",
                "A second: of offsets (at least once), or transactions by their end (exactly once).",
                "ops",
                ("offsets", total("riffle_offset_commits_total")),
                ("offsets failed", total("riffle_offset_commit_failures_total")),
                ("transaction {{outcome}}", total("riffle_transactions_total", "outcome")),
            ),
            lines(
                "Time of a commit",
                "From sending a transaction's offsets until its outcome was known.",
                "s",
                *(
                    (f"p{int(share * 100)}", quantile(share, "riffle_transaction_commit_seconds"))
                    for share in (0.5, 0.99)
                ),
            ),
            lines(
                "On their way out",
                "Bytes in the producer that are not delivered; at 128 MiB the source waits.",
                "bytes",
                ("{{instance}}", f"riffle_producer_queue_bytes{{{instance}}}"),
            ),
            lines(
                "Brokers",
                "Connections of each client; it connects to those that it needs.",
                "none",
                ("{{instance}} {{client}}", f"riffle_kafka_brokers_up{{{instance}}}"),
            ),
            lines(
                "What the cluster reports",
                "librdkafka's errors a second; most of them pass by themselves.",
                "ops",
                ("{{client}} {{code}}", total("riffle_kafka_errors_total", "client, code")),
            ),
            lines(
                "Partitions",
                "Partitions of each instance; a fall and a rise is a rebalance.",
                "none",
                ("{{instance}}", f"riffle_partitions_assigned{{{instance}}}"),
            ),
            row("State and process"),
            lines(
                "Where time goes",
                "Seconds of work in each phase, a second; workers side by side count once.",
                "none",
                ("{{phase}}", total("riffle_phase_seconds_total", "phase")),
                stacked=True,
            ),
            lines(
                "Batches",
                "Events in a batch. Small: it takes what there is; large: it works off a backlog.",
                "short",
                *((f"p{int(share * 100)}", quantile(share, "riffle_batch_events")) for share in (0.5, 0.99)),
            ),
            lines(
                "Memory",
                "Of the process, and what of it is reserved for keys and windows. The rules warn at 1.8 GiB.",
                "bytes",
                ("{{instance}}", f"riffle_resident_memory_bytes{{{instance}}}"),
                ("{{instance}} state", f"riffle_state_bytes{{{instance}}}"),
            ),
            lines(
                "Age of the snapshot",
                "A restart reads what came since; 0 at each snapshot.",
                "s",
                ("{{instance}}", f"riffle_snapshot_age_seconds{{{instance}}}"),
            ),
            lines(
                "Uptime",
                "A fall to 0 is a start.",
                "s",
                ("{{instance}}", f"time() - riffle_start_timestamp_seconds{{{instance}}}"),
            ),
        ],
    )


def drift():
    """Of `riffle monitor`; its records on the drift topic say more of each alert."""
    opened = f"riffle_drift_alert_active{{{THIS}}}"
    return dashboard(
        "riffle-drift",
        "Riffle: drift",
        "What has moved, how near others are to an alert, and whether the monitor keeps up.",
        [variable("pipeline", "Pipeline", "label_values(riffle_monitor_series, pipeline)", several=False)],
        [
            figure(
                "Critical",
                "Open alerts of the score, decisions, precision, recall and dead letters.",
                "none",
                f'sum(riffle_drift_alert_active{{{THIS}, severity="critical"}}) or vector(0)',
                steps=(GREEN, (1, RED)),
            ),
            figure(
                "Warnings",
                "Open alerts of anything else, and of single segments.",
                "none",
                f'sum(riffle_drift_alert_active{{{THIS}, severity="warning"}}) or vector(0)',
                steps=(GREEN, (1, YELLOW)),
            ),
            figure("Watched", "Series that the monitor watches.", "none", f"sum(riffle_monitor_series{{{THIS}}})"),
            figure(
                "Read up to",
                "Event time up to which all partitions of scores are read.",
                "dateTimeAsIso",
                f"1000 * max(riffle_monitor_watermark_timestamp_seconds{{{THIS}}})",
            ),
            figure(
                "Lag",
                "Records that wait to be read.",
                "short",
                f"sum(riffle_monitor_lag_offsets{{{THIS}}})",
                steps=(GREEN, (10_000, YELLOW)),
            ),
            figure(
                "Read", "Scores, labels and dead letters read a second.", "eps", total("riffle_monitor_records_total")
            ),
            lines(
                "Evidence",
                "The ten series with most of it now. At 1 it is enough for an alert by itself; evidence of all counts "
                "together, so one may come before. It begins anew with each alert.",
                "none",
                ("{{series}} {{segment}}", f"topk(10, riffle_drift_evidence_ratio{{{THIS}}})"),
                steps=(GREEN, (1, RED)),
                limit=True,
                width=16,
            ),
            table(
                "Open alerts",
                "Series that have moved, now. The record on the drift topic says since when, how far, and what else.",
                f"{opened} == 1",
                ["severity", "series", "segment"],
            ),
            lines(
                "Alerts over time",
                "Open alerts, by how much they matter.",
                "none",
                ("{{severity}}", f"sum by (severity) ({opened})"),
                stacked=True,
            ),
            lines(
                "Records to the drift topic",
                "In the last hour, by what they say.",
                "short",
                (
                    "{{severity}} {{state}}",
                    f"sum by (severity, state) (increase(riffle_drift_alerts_total{{{THIS}}}[1h]))",
                ),
            ),
            lines(
                "Labels",
                "What became of labels, a second. Unknown: of an event that was not scored.",
                "eps",
                ("{{outcome}}", total("riffle_monitor_labels_total", "outcome")),
            ),
            lines(
                "Lag by partition",
                "Records that wait to be read.",
                "short",
                ("{{topic}}/{{partition}}", f"sum by (topic, partition) (riffle_monitor_lag_offsets{{{THIS}}})"),
            ),
            lines(
                "Refused",
                "Scores a second that are no evidence. Foreign: of another pipeline; late: their time was counted.",
                "eps",
                ("{{reason}}", total("riffle_monitor_records_refused_total", "reason")),
            ),
            lines(
                "Memory",
                "Of the monitor's process.",
                "bytes",
                ("{{instance}}", f'riffle_resident_memory_bytes{{{THIS}, job="riffle-monitor"}}'),
            ),
        ],
    )


DASHBOARDS = {"riffle-run.json": run, "riffle-drift.json": drift}


def text(make):
    return json.dumps(make(), indent=2, ensure_ascii=False) + "\n"


def main():
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in DASHBOARDS.items():
        path, wanted = FOLDER / name, text(make)
        if not path.exists() or path.read_text() != wanted:
            stale.append(name)
            if not check:
                path.write_text(wanted)
    if check and stale:
        sys.exit(f"not as scripts/dashboards.py writes them: {', '.join(stale)}")


if __name__ == "__main__":
    main()
