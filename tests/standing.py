"""How far agents and their sources are: it tells who has nothing to do from who sees nothing."""

from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from schemas.topics import INTERACTIONS, PERFUME_ACTIVITY, Namespace, Topic

_ASK_S: Final = 20.0
_SOURCES: Final = {"session-agent": INTERACTIONS, "perfume-agent": PERFUME_ACTIVITY}


def standing(bootstrap: str, space: Namespace) -> str:
    """A line for each source partition: what is committed, the last stable offset, and the end behind it.

    A last stable offset that stays short of the end is an open transaction's: nobody reads past it.
    """
    return "\n".join(
        line for group, source in _SOURCES.items() for line in _lines(bootstrap, space, group, source)
    )


def _lines(bootstrap: str, space: Namespace, group: str, source: Topic) -> Iterator[str]:
    def consumer(isolation: str) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": space.group(group),
                "isolation.level": isolation,
                "enable.auto.commit": False,
            }
        )

    stable, all_of_it = consumer("read_committed"), consumer("read_uncommitted")
    try:
        asked = [TopicPartition(space.topic(source), number) for number in range(source.partitions)]
        for at in stable.committed(asked, timeout=_ASK_S):
            partition = TopicPartition(at.topic, at.partition)
            last_stable = stable.get_watermark_offsets(partition, timeout=_ASK_S)
            end = all_of_it.get_watermark_offsets(partition, timeout=_ASK_S)
            yield f"{at.topic}[{at.partition}]: committed {at.offset}, stable to {last_stable}, reaches {end}"
    finally:
        stable.close()
        all_of_it.close()
