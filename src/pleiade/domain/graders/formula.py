"""`calculate_output` of a multi grader: arithmetic over the grades of its parts, and nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from pleiade.domain.graders.errors import GraderError

ARITHMETIC: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.BitXor: operator.pow,  # OpenAI writes a power as x ^ y
    ast.USub: operator.neg,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}


def calculate(expression: str, values: Mapping[str, float]) -> float:
    """Numbers, names of `values`, + - * / ** ^ and FUNCTIONS. Raises GraderError for anything else."""
    try:
        result = _value(ast.parse(expression, mode="eval").body, values)
        return float(result)
    except GraderError:
        raise
    except (SyntaxError, ArithmeticError, RecursionError, TypeError, ValueError) as error:
        raise GraderError(f"calculate_output {expression!r} cannot be computed ({error})") from error


def _value(node: ast.AST, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in ARITHMETIC:
            return ARITHMETIC[type(sign)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS and arguments:
            return FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
    known, functions = ", ".join(values), ", ".join(FUNCTIONS)
    raise GraderError(f"calculate_output may hold numbers, the graders' names ({known}), + - * / ** and {functions}")
