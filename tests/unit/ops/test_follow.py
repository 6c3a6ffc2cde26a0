"""Reading logs while they grow."""

from pathlib import Path

from ops.runtime.follow import LogReader, styled


def test_only_whole_and_only_new_lines_are_read(tmp_path: Path) -> None:
    log = tmp_path / "sink.log"
    log.write_text("old\n")
    reader = LogReader(log)
    with log.open("a") as more:
        more.write("one\ntw")
    assert list(reader.lines()) == ["one"]
    with log.open("a") as more:
        more.write("o\n")
    assert list(reader.lines()) == ["two"]
    assert list(reader.lines()) == []


def test_reading_can_begin_with_earlier_lines(tmp_path: Path) -> None:
    log = tmp_path / "sink.log"
    log.write_text("one\ntwo\nthree\n")
    assert list(LogReader(log, last=2).lines()) == ["two", "three"]


def test_a_rotated_log_is_read_from_its_new_beginning(tmp_path: Path) -> None:
    log = tmp_path / "sink.log"
    log.write_text("a long line before the rotation\n")
    reader = LogReader(log)
    log.write_text("new\n")
    assert list(reader.lines()) == ["new"]


def test_a_log_may_begin_to_exist_later(tmp_path: Path) -> None:
    reader = LogReader(tmp_path / "sink.log")
    assert list(reader.lines()) == []
    (tmp_path / "sink.log").write_text("first\n")
    assert list(reader.lines()) == ["first"]


def test_a_line_bears_its_process_and_markup_in_it_is_only_text() -> None:
    assert styled("sink", "[red]stored[/red] 5").plain == "sink     │ [red]stored[/red] 5"
