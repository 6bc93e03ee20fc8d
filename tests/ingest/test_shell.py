from ingest.shell import commands_of


def commands(body: str) -> list[tuple[str, str]]:
    return [(command, comment) for _, _, command, comment in commands_of(body, 0, len(body))]


def test_a_command_comes_with_the_comment_above_it() -> None:
    assert commands("# Remove npm itself:\nsudo npm uninstall npm -g\n\nnpm ls\n") == [
        ("sudo npm uninstall npm -g", "Remove npm itself"),
        ("npm ls", ""),
    ]


def test_a_command_that_goes_on_behind_a_backslash_is_one() -> None:
    body = "docker run \\\n  -p 80:80 \\\n  nginx"
    ((start, end, command, _),) = commands_of(body, 0, len(body))
    assert command == "docker run -p 80:80 nginx"
    assert body[start:end] == body


def test_behind_a_prompt_stands_the_command_and_the_rest_is_output() -> None:
    body = "$ npm view react version\n19.1.0\n"
    ((start, end, command, _),) = commands_of(body, 0, len(body))
    assert body[start:end] == command == "npm view react version"


def test_a_program_is_no_list_of_commands() -> None:
    assert commands("for f in *; do\n  rm $f\ndone\n") == []
    assert commands("cat <<EOF\nhello there\nEOF\n") == []
    assert commands("run() {\n  npm test\n}\n") == []
