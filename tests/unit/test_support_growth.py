"""The measure of growth tells linear from quadratic work."""

from tests.support.growth import LINEAR, growth


def test_linear_work_is_linear() -> None:
    assert growth(lambda size: sum(range(size)), 50_000) < LINEAR


def test_quadratic_work_is_not() -> None:
    def compare_all(size: int) -> int:
        return sum(left < right for left in range(size) for right in range(size))

    assert growth(compare_all, 100) > LINEAR
