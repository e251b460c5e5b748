import pytest

from detectors.names import MATCH, match_names
from detectors.names.match import match_parsed
from detectors.names.parts import MAX_WORDS, parse_name

SAME = [
    ("Vladimir Putin", "PUTIN, Vladimir"),
    ("Владимир Путин", "Vladimir Putin"),
    ("Muammar Gaddafi", "Moammar Qaddafi"),
    ("Saddam Husayn", "Saddam Hussein"),
    ("Francois Hollande", "François Hollande"),
    ("N. Nazarbayev", "Nursultan Nazarbayev"),
    ("Dr. Rami Makhlouf", "RamiMakhlouf"),
    ("Ted Doe", "Theodore Doe"),
    ("Jürgen Müller", "Jurgen Mueller"),
    ("فرناندو بيريز", "Fernando Pérez"),
    ("ბარაკ ობამა", "Barack Obama"),
    ("Siemens Aktiengesellschaft", "Siemens AG"),
    ("OAO Gazprom", "Open Joint Stock Company Gazprom"),
    ("Bowne Global Solutions, S.A.R.L.", "Bowne Global Solutions SARL"),
    ("Good Will Company", "Goodwill Company"),
    ("Brigade Forty-Four", "Brigade 44"),
]
DIFFERENT = [
    ("Sergey Ivanov", "Viktor Ivanov"),
    ("Ali", "Ali Hassan Mohammed"),
    ("Salman bin Muhammad al-Rawi", "Muhammad bin Salman al-Rawi"),
    ("이재형", "이재명"),
    ("Banco Santander Mexico SA", "Banco Santander Chile SA"),
    ("Shell Trading Ltd", "Delta Trading Ltd"),
    ("ANO Iskusstvo Krasoty", "OAO Iskusstvo Krasivo"),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_one_name_written_in_two_ways_matches(left: str, right: str) -> None:
    assert match_names(left, right).score >= MATCH


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_two_names_that_only_look_alike_do_not_match(left: str, right: str) -> None:
    assert match_names(left, right).score < MATCH


def test_it_does_not_matter_which_name_comes_first() -> None:
    for left, right in SAME + DIFFERENT:
        assert match_names(left, right).score == pytest.approx(match_names(right, left).score, abs=0.02)


def test_an_exact_match_scores_below_one_and_longer_and_rarer_ones_higher() -> None:
    def of_itself(name: str) -> float:
        return match_names(name, name).score

    assert of_itself("John Smith") < of_itself("Zurab Smith") < of_itself("Nursultan Nazarbayev") < 1.0
    assert of_itself("Nursultan Nazarbayev") < of_itself("Nursultan Abishuly Nazarbayev") < 1.0
    assert of_itself("x" * 300) < 1.0


def test_an_exact_match_scores_above_a_variant_of_it() -> None:
    exact = match_names("Nursultan Nazarbayev", "Nursultan Nazarbayev").score

    for variant in ("N. Nazarbayev", "Nursultan Nazarbaev", "Nazarbayev Nursultan", "Nursultan A. Nazarbayev"):
        assert match_names(variant, "Nursultan Nazarbayev").score < exact


def test_contradicting_legal_forms_and_other_places_lower_a_companys_score() -> None:
    same = match_names("Deutsche Bank AG", "Deutsche Bank Aktiengesellschaft").score

    assert match_names("Deutsche Bank GmbH", "Deutsche Bank AG").score < same - 0.3
    assert match_names("Bank of China (Hong Kong) Limited", "Bank of China (Australia) Limited").score < MATCH


def test_reasons_say_what_is_the_same_and_what_is_not() -> None:
    match = match_names("Vladimir V. Putin", "PUTIN, Vladimir Vladimirovich")

    assert match.reasons[0] == "same: vladimir, putin"
    assert any("initial" in reason for reason in match.reasons)


def test_the_summary_has_no_word_of_the_names() -> None:
    for left, right in SAME + DIFFERENT:
        words = {word.text for name in (left, right) for word in parse_name(name).words if len(word.text) > 3}
        assert not words & set(match_names(left, right).summary.replace(";", " ").split())


@pytest.mark.parametrize("text", ["", "   ", "...", "''", "\u200b", "🙂", "&", "A/S", "a" * 10_000, "b c " * 5_000])
def test_nothing_that_is_hardly_a_name_breaks_it(text: str) -> None:
    assert len(parse_name(text).words) <= MAX_WORDS
    assert 0.0 <= match_names(text, "Vladimir Putin").score < MATCH
    assert 0.0 <= match_names(text, text).score < 1.0


def test_what_is_known_of_a_name_goes_before_what_its_words_look_like() -> None:
    assert parse_name("Pat Bank").kind == "organisation"
    assert parse_name("Pat Bank", "person").kind == "person"
    assert not parse_name("Limited Edition", "person").forms


def test_a_name_of_legal_forms_alone_keeps_them() -> None:
    assert [word.text for word in parse_name("The Limited Company").words] == ["the", "limited", "company"]
    assert match_parsed(parse_name("The Limited Company"), parse_name("The Limited Company")).score > MATCH


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Olga Garcia", "STEPANOVA, Olga G."),
        ("Mohammed Park", "AL-SHAYKH, Muhammad"),
        ("Ahmed Smith", "SULTAN, Ahmed"),
    ],
)
def test_an_initial_or_a_title_that_is_a_name_makes_no_namesake(left: str, right: str) -> None:
    assert match_names(left, right).score < MATCH


def test_a_name_transcribed_into_syllables_is_known_by_its_consonants() -> None:
    assert match_names("贝拉克·奥巴马", "Barack Obama").score >= MATCH
    assert match_names("习近平", "Xi Jinping").score >= MATCH
