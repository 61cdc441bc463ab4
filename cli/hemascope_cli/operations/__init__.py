"""Operations on a deployment: what the operators' commands do."""
