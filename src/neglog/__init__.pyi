from neglog import errors as errors
from neglog import math as math
from neglog.estimators import LikelihoodClassifier as LikelihoodClassifier
from neglog.estimators import LikelihoodRegressor as LikelihoodRegressor
from neglog.families.bernoulli import Bernoulli as Bernoulli
from neglog.families.categorical import Categorical as Categorical
from neglog.families.categorical import Multinoulli as Multinoulli
from neglog.families.family import family as family
from neglog.families.normal import Normal as Normal
from neglog.families.poisson import Poisson as Poisson
from neglog.families.verbs import compile as compile
from neglog.families.verbs import derive as derive
from neglog.models import fit as fit
from neglog.models import load as load
from neglog.symbolic.supports import Binary as Binary
from neglog.symbolic.supports import ClassVector as ClassVector
from neglog.symbolic.supports import Count as Count
from neglog.symbolic.supports import Label as Label
from neglog.symbolic.supports import NonNegative as NonNegative
from neglog.symbolic.supports import Positive as Positive
from neglog.symbolic.supports import Real as Real
from neglog.symbolic.supports import UnitInterval as UnitInterval

__version__: str
