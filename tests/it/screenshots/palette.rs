//! The colours behind the names: a terminal owns its 16 colours, a picture must bring them.

use ratatui::style::Color;
use std::fmt;
use toolsmith::tui::theme::Ground;

/// A colour of a picture: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    const fn hex(value: u32) -> Rgb {
        Rgb([(value >> 16) as u8, (value >> 8) as u8, value as u8])
    }

    /// This colour laid over another; `share` is how much of it counts, 0 to 255.
    pub fn over(self, below: Rgb, share: u8) -> Rgb {
        let share = u32::from(share);
        let mix =
            |top: u8, bottom: u8| ((u32::from(top) * share + u32::from(bottom) * (255 - share) + 127) / 255) as u8;
        Rgb(std::array::from_fn(|at| mix(self.0[at], below.0[at])))
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// The colours of one terminal and of the window around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Text without a colour of its own.
    pub text: Rgb,
    /// What is behind it.
    pub ground: Rgb,
    /// Black to white, then the bright ones.
    pub ansi: [Rgb; 16],
    /// The title bar of the window.
    pub bar: Rgb,
    /// The title in it.
    pub bar_text: Rgb,
    /// The edge of the window and the buttons in the title bar.
    pub edge: Rgb,
}

const DARK: Palette = Palette {
    text: Rgb::hex(0x00d3_d8e3),
    ground: Rgb::hex(0x0013_161d),
    ansi: [
        Rgb::hex(0x001c_202b),
        Rgb::hex(0x00e0_5f6e),
        Rgb::hex(0x008c_c98a),
        Rgb::hex(0x00e5_c07b),
        Rgb::hex(0x006f_9ff0),
        Rgb::hex(0x00b9_8ae8),
        Rgb::hex(0x005c_c8d2),
        Rgb::hex(0x00bc_c3d1),
        Rgb::hex(0x0060_687a),
        Rgb::hex(0x00ff_7b88),
        Rgb::hex(0x00a8_dca0),
        Rgb::hex(0x00f2_d59b),
        Rgb::hex(0x008f_b8ff),
        Rgb::hex(0x00d2_a8ff),
        Rgb::hex(0x0084_e0e8),
        Rgb::hex(0x00f4_f6fb),
    ],
    bar: Rgb::hex(0x001e_222c),
    bar_text: Rgb::hex(0x008d_95a7),
    edge: Rgb::hex(0x0033_3947),
};

const LIGHT: Palette = Palette {
    text: Rgb::hex(0x002b_2f38),
    ground: Rgb::hex(0x00fc_fbf8),
    ansi: [
        Rgb::hex(0x002b_2f38),
        Rgb::hex(0x00c0_2f42),
        Rgb::hex(0x002f_7d3b),
        Rgb::hex(0x00f0_cd62),
        Rgb::hex(0x0024_5fc2),
        Rgb::hex(0x0096_3aa6),
        Rgb::hex(0x0012_7c8a),
        Rgb::hex(0x00d9_d7d0),
        Rgb::hex(0x0077_7b84),
        Rgb::hex(0x00d8_4555),
        Rgb::hex(0x0037_9447),
        Rgb::hex(0x00b0_7d12),
        Rgb::hex(0x003a_78e0),
        Rgb::hex(0x00b0_52c0),
        Rgb::hex(0x001c_93a3),
        Rgb::hex(0x00ff_ffff),
    ],
    bar: Rgb::hex(0x00ee_ece6),
    bar_text: Rgb::hex(0x0072_7680),
    edge: Rgb::hex(0x00d0_cdc4),
};

impl Palette {
    /// The colours for a ground; a screen without colours is shown on the dark one.
    pub fn of(ground: Ground) -> &'static Palette {
        match ground {
            Ground::Dark | Ground::Plain => &DARK,
            Ground::Light => &LIGHT,
        }
    }

    /// What a named, numbered or exact colour looks like; `default` stands for the terminal's own.
    pub fn rgb(&self, colour: Color, default: Rgb) -> Rgb {
        match colour {
            Color::Reset => default,
            Color::Black => self.ansi[0],
            Color::Red => self.ansi[1],
            Color::Green => self.ansi[2],
            Color::Yellow => self.ansi[3],
            Color::Blue => self.ansi[4],
            Color::Magenta => self.ansi[5],
            Color::Cyan => self.ansi[6],
            Color::Gray => self.ansi[7],
            Color::DarkGray => self.ansi[8],
            Color::LightRed => self.ansi[9],
            Color::LightGreen => self.ansi[10],
            Color::LightYellow => self.ansi[11],
            Color::LightBlue => self.ansi[12],
            Color::LightMagenta => self.ansi[13],
            Color::LightCyan => self.ansi[14],
            Color::White => self.ansi[15],
            Color::Rgb(r, g, b) => Rgb([r, g, b]),
            Color::Indexed(at) => self.indexed(at),
        }
    }

    /// The 256 colours of xterm: ours, a cube of 6 steps, greys.
    fn indexed(&self, at: u8) -> Rgb {
        let step = |value: u8| if value == 0 { 0 } else { 55 + 40 * value };
        match at {
            0..=15 => self.ansi[usize::from(at)],
            16..=231 => {
                let cube = at - 16;
                Rgb([step(cube / 36), step(cube / 6 % 6), step(cube % 6)])
            }
            232..=255 => Rgb([8 + 10 * (at - 232); 3]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_colours_are_those_of_xterm() {
        let palette = Palette::of(Ground::Dark);
        let of = |at| palette.rgb(Color::Indexed(at), palette.text).to_string();
        assert_eq!(of(2), palette.rgb(Color::Green, palette.text).to_string());
        assert_eq!(
            [of(16), of(21), of(208), of(231), of(232), of(255)],
            ["#000000", "#0000ff", "#ff8700", "#ffffff", "#080808", "#eeeeee"]
        );
    }

    #[test]
    fn every_colour_that_the_themes_write_with_is_legible_on_its_ground() {
        let light = |Rgb(c): Rgb| {
            let linear = c.map(|v| (f64::from(v) / 255.0).powf(2.2));
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05
        };
        let used = [
            (
                Ground::Dark,
                [Color::Cyan, Color::Green, Color::Yellow, Color::LightRed, Color::LightMagenta, Color::LightBlue],
            ),
            (Ground::Light, [Color::Blue, Color::Green, Color::Magenta, Color::Red, Color::Blue, Color::Reset]),
        ];
        for (ground, colours) in used {
            let palette = Palette::of(ground);
            for colour in colours {
                let (a, b) = (light(palette.rgb(colour, palette.text)), light(palette.ground));
                assert!(a.max(b) / a.min(b) >= 4.5, "{ground:?} {colour:?}");
            }
        }
    }
}
