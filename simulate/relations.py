"""What a member is to the head, in the words that forms use."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulate.columns import labels_of
from simulate.families import CHILD, GRANDCHILD, HEAD, IN_LAW, PARENT, SIBLING, SPOUSE, Families
from simulate.marginals import Dice, Int, load_marginals

#: Words by role and sex, women first: two ways of writing each.
_WORDS = {
    HEAD: (("户主", "本人"), ("户主", "户主")),
    SPOUSE: (("配偶", "妻"), ("配偶", "夫")),
    CHILD: (("女", "女儿"), ("子", "儿子")),
    IN_LAW: (("儿媳", "儿媳妇"), ("女婿", "女婿")),
    GRANDCHILD: (("孙女", "孙女"), ("孙子", "孙子")),
    PARENT: (("母亲", "母"), ("父亲", "父")),
    SIBLING: (("妹妹", "妹"), ("弟弟", "弟")),
}


def relation_column(families: Families, person: Int, dice: Dice) -> pa.Array:
    """One word a row; heads are 户主, mostly in the first of two ways of writing it."""
    words = [word for role in sorted(_WORDS) for sex in _WORDS[role] for word in sex]
    male = families.male[person].astype(np.int64)
    second = dice.chance(load_marginals()["disagreement"]["other_word_for_relation"], len(person)).astype(np.int64)
    return labels_of(words, families.role[person].astype(np.int64) * 4 + male * 2 + second)
