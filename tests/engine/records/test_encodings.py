"""Names and comments in the encodings that records come in, declared, undeclared or wrongly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.records.collection import split_collection
from engine.records.sgf import ReadGame, read_game, read_games
from engine.records.sgf_encoding import CODECS, normal_codec
from engine.records.sgf_tree import parse_game
from engine.records.sgf_values import escape, unescape

NAMES = {
    "gb18030": ["柯洁", "古力", "李世石", "棋圣杯 第三局", "天下第一"],
    "cp932": ["井山裕太", "本因坊 構ソ表", "山田 十三", "ソノ九段能力", "第5局　中押し"],
    "cp950": ["許功蓋", "周俊勳", "棋聖戰第三局", "林海峰"],
    "cp949": ["이세돌", "박정환", "흑 불계승", "바둑왕전"],
    "euc_jp": ["趙治勲 本因坊戦", "井山裕太 名人"],
    "cp1252": ["José María", "Müller"],
    "cp1251": ["Иванов Пётр"],
    "koi8_r": ["Саша"],
}
WRITTEN = {
    "gb18030": ["GB2312", "gbk", "GB18030", "cp936"],
    "cp932": ["Shift_JIS", "SJIS", "windows-31j", "x-sjis"],
    "cp950": ["Big5", "big-5", "cp950"],
    "cp949": ["EUC-KR", "ks_c_5601-1987", "cp949"],
    "euc_jp": ["EUC-JP", "eucJP"],
    "cp1252": ["ISO-8859-1", "latin1", "windows-1252"],
    "cp1251": ["windows-1251", "cp1251"],
    "koi8_r": ["KOI8-R"],
}
CASES = [(codec, name) for codec, names in NAMES.items() for name in names]


def one(data: bytes) -> ReadGame:
    return read_games(data, "x.sgf")[0]


def game(name: str, declared: str = "") -> str:
    return f"(;GM[1]FF[4]{declared}SZ[9]PB[{name}]PW[b]KM[6.5]C[{name}];B[cc]C[{name}];W[gg])"


@pytest.mark.parametrize(("codec", "name"), CASES)
def test_a_declared_encoding(codec: str, name: str) -> None:
    for declared in WRITTEN[codec]:
        found = one(game(name, f"CA[{declared}]").encode(codec))
        assert (found.record.black, len(found.record.actions)) == (name, 2)
        assert found.record.comment == name
        assert not found.cut and not found.notes


@pytest.mark.parametrize(("codec", "name"), CASES)
@pytest.mark.parametrize("declared", ["", "CA[UTF-8]", "CA[none]", "CA[ISO-8859-1]"])
def test_an_encoding_that_is_missing_or_wrong_is_guessed_and_said(
    codec: str, name: str, declared: str
) -> None:
    if codec == "cp1252" and "8859" in declared:
        pytest.skip("that is right")
    found = one(game(name, declared).encode(codec))
    assert (found.record.black, len(found.record.actions)) == (name, 2)
    assert any("were read as" in note for note in found.notes)


def test_utf8_is_what_letters_say_whatever_is_declared() -> None:
    for declared in ("", "CA[UTF-8]", "CA[GB2312]", "CA[ISO-8859-1]", "CA[utf-7]", "CA[no such]"):
        found = one(game("柯洁 이세돌 井山裕太", declared).encode())
        assert found.record.black == "柯洁 이세돌 井山裕太"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("declared", ["", "CA[UTF-16]", "CA[GBK]"])
def test_unicode_with_marks_and_without(codec: str, declared: str) -> None:
    found = one(game("柯洁", declared).encode(codec))
    assert (found.record.black, len(found.record.actions)) == ("柯洁", 2)


def test_stateful_encodings() -> None:
    found = one(game("井山裕太[1\\]", "CA[ISO-2022-JP]").encode("iso2022_jp"))
    assert found.record.black == "井山裕太[1]"
    found = one(game("古力", "CA[HZ-GB-2312]").encode("hz"))
    assert found.record.black == "古力"


@pytest.mark.parametrize(
    "declared", ["utf-7", "punycode", "idna", "rot13", "unicode_escape", "zip"]
)
def test_other_codecs_of_python_are_not_used(declared: str) -> None:
    assert normal_codec(declared) == ""
    found = one(f"(;CA[{declared}]SZ[9]PB[+AGE-];B[cc])".encode())
    assert found.record.black == "+AGE-"


def test_a_letter_cut_in_two_costs_itself() -> None:
    found = one(b"(;CA[UTF-8]SZ[9]PB[" + "柯洁天下第一".encode()[:-1] + b"]PW[b];B[cc];W[gg])")
    assert found.record.black.startswith("柯洁天下第")
    assert (found.record.white, len(found.record.actions)) == ("b", 2)


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("codec", ["gb18030", "cp932", "cp950"])
@given(data=st.data())
def test_half_a_letter_does_not_swallow_the_next_property(
    codec: str, declared: bool, data: st.DataObject
) -> None:
    letters = [c for c in "".join(NAMES[codec]) if c > "\x7f" and c != "\u3000"]
    word = st.text(st.sampled_from(letters), min_size=1, max_size=6)
    names = [data.draw(word).encode(codec)[:-1] for _ in range(4)]
    between = data.draw(st.sampled_from([b"", b"\n", b"\r\n ", b"\t"]))
    whole = NAMES[codec][0].encode(codec)
    says = f"CA[{WRITTEN[codec][0]}]".encode() if declared else b""
    found = one(
        b"(;GM[1]%sSZ[9]PW[%s]PB[%s]%sKM[6.5]EV[%s]%s;B[cc]C[%s]%s(;W[gg]C[%s]%s)%s(;W[ee]))"
        % (says, whole, names[0], between, names[1], between, names[2], between, names[3],
           between, between)
    )  # fmt: skip
    assert (len(found.record.actions), found.record.spec.rules["komi"]) == (2, 6.5)
    assert found.notes
    if declared:
        assert found.record.black.rstrip("\ufffd") == names[0].decode(codec, "ignore")


def test_a_letter_whose_second_byte_is_a_bracket_is_whole_before_other_text() -> None:
    for comment in ("表)", "ソゾ; ok", "評 B", "ゾ"):
        found = one(f"(;CA[Shift_JIS]SZ[9]C[{comment}];B[cc];W[gg])".encode("cp932"))
        assert (found.record.comment, len(found.record.actions)) == (comment, 2)


def test_games_of_a_collection_have_encodings_of_their_own() -> None:
    data = b"\n".join(
        game(name, f"CA[{WRITTEN[codec][0]}]").encode(codec)
        for codec, names in NAMES.items()
        for name in names
    )
    found = [read_game(text).record.black for text in split_collection(data, "x")]
    assert found == [name for names in NAMES.values() for name in names]


def test_names_of_encodings_are_each_known_once() -> None:
    names = [name for written in CODECS.values() for name in written.split()]
    assert len(names) == len(set(names))
    for codec in CODECS:
        assert "a".encode(codec).decode(codec) == "a"


@given(text=st.text(st.characters(codec="cp932", exclude_characters="\r\n\0¢£¬‖−〜"), max_size=20))
def test_any_letters_of_shift_jis(text: str) -> None:
    data = f"(;CA[Shift_JIS]SZ[9]C[井山裕太 {escape(text)}];B[cc])".encode("cp932")
    found = one(data)
    assert found.record.actions == (20,)
    assert found.record.comment == f"井山裕太 {text}".strip()


@given(text=st.text(st.characters(codec="utf-8"), max_size=30))
def test_text_comes_back_through_its_escapes(text: str) -> None:
    value = escape(text)
    node = parse_game(f"(;C[{value}])").root
    assert unescape(node.properties["C"][0]) == text


def test_what_looks_like_utf_16_within_a_value_leaves_the_file_as_it_is() -> None:
    data = b"(;GM[1]FF[4]CA[UTF-8]SZ[9]C[(\0;\0G\0M\0[\0];B[cc];W[gg])"
    found = one(data)
    assert len(found.record.actions) == 2
    assert one("(;GM[1]SZ[9];B[cc];W[gg])".encode("utf-16-le")).record.actions
