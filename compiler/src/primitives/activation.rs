//! `gelu`, `relu`, `silu`, `sigmoid`, `tanh`, `sin`, `exp`: functions of each scalar, one row each.

use super::fourier::SINE;
use super::written::{Code, Written, call, x};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

macro_rules! functions {
    ($($variant:ident $name:literal $operations:tt $doc:literal;)*) => {
        /// A function of one scalar.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $(#[doc = $doc] $variant,)*
        }

        impl Function {
            /// Its name in the language.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Floating-point operations of one evaluation.
            fn operations(self) -> u64 {
                match self { $(Self::$variant => $operations,)* }
            }
        }

        pub(super) const SIGNATURES: &[Signature] = &[$(Signature {
            name: $name,
            doc: $doc,
            parameters: Arguments::parameters,
            build: |build, values| apply(build, values, Function::$variant),
        },)*];
    };
}

/// Operations of one GELU.
pub(super) const GELU: u64 = 8;

functions! {
    Gelu "gelu" GELU "`x / 2 (1 + erf(x / sqrt(2)))` of each scalar, the exact form.";
    Relu "relu" 1 "`max(x, 0)` of each scalar.";
    Silu "silu" 5 "`x / (1 + exp(-x))` of each scalar, elsewhere called swish.";
    Sigmoid "sigmoid" 4 "`1 / (1 + exp(-x))` of each scalar.";
    Tanh "tanh" 4 "The hyperbolic tangent of each scalar.";
    Sin "sin" SINE "The sine of each scalar.";
    Exp "exp" 4 "The exponential of each scalar.";
}

/// A function of each scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Which.
    pub function: Function,
    /// Of what.
    pub x: NodeId,
}

impl Primitive for Activation {
    fn name(&self) -> &'static str {
        self.function.name()
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        Work::each(shape, self.function.operations())
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
    }
}

fn apply(build: &mut dyn Build, values: Vec<Traced>, function: Function) -> Result<Value, Refusal> {
    let x = Arguments::read(values).x.value;
    let shape = build.shape(x);
    build.make(Activation { function, x }, shape)
}

impl Written for Activation {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        match self.function {
            Function::Gelu => call("gelu", [x(0)]),
            Function::Relu => call("activation::relu", [x(0)]),
            Function::Silu => call("silu", [x(0)]),
            Function::Sigmoid => call("activation::sigmoid", [x(0)]),
            Function::Tanh => x(0).method("tanh", []),
            Function::Sin => x(0).method("sin", []),
            Function::Exp => x(0).method("exp", []),
        }
    }

    fn torch(&self) -> Code {
        match self.function {
            Function::Gelu => call("F.gelu", [x(0)]),
            Function::Relu => call("F.relu", [x(0)]),
            Function::Silu => call("F.silu", [x(0)]),
            Function::Sigmoid => call("torch.sigmoid", [x(0)]),
            Function::Tanh => call("torch.tanh", [x(0)]),
            Function::Sin => call("torch.sin", [x(0)]),
            Function::Exp => call("torch.exp", [x(0)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::fake::*;

    #[test]
    fn functions_keep_the_shape() {
        for (function, signature) in [
            (Function::Gelu, "gelu"),
            (Function::Relu, "relu"),
            (Function::Silu, "silu"),
            (Function::Sigmoid, "sigmoid"),
            (Function::Tanh, "tanh"),
            (Function::Sin, "sin"),
            (Function::Exp, "exp"),
        ] {
            let mut fake = Fake::default();
            let x = fake.images(3, &[4]);
            assert_eq!(fake.yields(signature, vec![x.clone()]), "[N, 3, 4]");
            let x = node(&x).value;
            assert_eq!(*fake.last(), Activation { function, x }.into());
        }
    }
}
