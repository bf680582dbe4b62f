"""Maximum likelihood in scikit-learn's manners.

- `regressor`, `classifier`: the two estimators;
- `base`: what they share, from validated arrays to a trained model; `law`: raw predictions as distributions;
- `axes`: which coefficients to take where the columns do not determine them.

This is the only layer that imports scikit-learn.
"""

from neglog.estimators.classifier import LikelihoodClassifier
from neglog.estimators.regressor import LikelihoodRegressor

__all__ = ["LikelihoodClassifier", "LikelihoodRegressor"]
